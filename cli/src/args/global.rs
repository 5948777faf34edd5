//! Options that every command takes: where the server is, how to be trusted by it, and how to print.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Args, Command, ValueEnum};
use reqwest::Url;
use secrecy::SecretString;

use crate::output::Format;

const HEADING: &str = "Global options";
/// Names the server where no option does.
const SERVER_VARIABLE: &str = "PROSOPA_SERVER";
const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// Options that every command takes, before or after its name.
#[derive(Debug, Args)]
#[command(next_help_heading = HEADING)]
pub(crate) struct GlobalOptions {
    /// Address of the server
    #[arg(
        long,
        global = true,
        env = SERVER_VARIABLE,
        value_name = "URL",
        default_value = DEFAULT_SERVER
    )]
    #[arg(value_parser = ServerUrlParser)]
    pub(crate) server: ServerUrl,

    /// API key or access token to use instead of the stored login
    ///
    /// Prefer the environment variable: a command line can be seen by other users of this machine.
    #[arg(long, global = true, env = "PROSOPA_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) token: Option<SecretString>,

    /// Access key of an API client: requests are signed instead of sent with a token
    #[arg(long, global = true, env = "PROSOPA_ACCESS_KEY", value_name = "KEY")]
    pub(crate) access_key: Option<String>,

    /// Secret key of --access-key
    ///
    /// Prefer the file or the environment variable: a command line can be seen by other users of this machine.
    #[arg(long, global = true, env = "PROSOPA_SECRET_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) secret_key: Option<SecretString>,

    /// File with the secret key of --access-key, or with a private key for Ed25519 (PEM)
    #[arg(long, global = true, env = "PROSOPA_SECRET_KEY_FILE", value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,

    /// Trust only the certificate authorities in this PEM file, not the system's
    #[arg(long, global = true, env = "PROSOPA_CA_CERT", value_name = "FILE")]
    pub(crate) ca_cert: Option<PathBuf>,

    /// PEM file with the certificate (chain) to show to a server that demands one
    #[arg(long, global = true, env = "PROSOPA_CLIENT_CERT", value_name = "FILE", requires = "client_key")]
    pub(crate) client_cert: Option<PathBuf>,

    /// PEM file with the private key of --client-cert
    #[arg(long, global = true, env = "PROSOPA_CLIENT_KEY", value_name = "FILE", requires = "client_cert")]
    pub(crate) client_key: Option<PathBuf>,

    /// How results are printed on stdout
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Table)]
    pub(crate) output: Format,

    /// How progress is shown on stderr
    #[arg(long, global = true, value_enum, value_name = "MODE", default_value_t = ProgressMode::Auto)]
    pub(crate) progress: ProgressMode,

    /// Print nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Never ask for anything: a missing value is a usage error
    #[arg(long, global = true)]
    pub(crate) no_input: bool,

    /// Answer yes to every confirmation
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,

    /// Print without colours (so does the environment variable `NO_COLOR`)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,

    /// How long one request may take, in seconds
    #[arg(long, global = true, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout_s: u64,

    /// How often a request is tried again when the server is busy or limits the rate
    #[arg(long, global = true, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub(crate) retries: u32,

    /// First wait between two attempts, in milliseconds; doubled each time
    #[arg(long, global = true, hide = true, env = "PROSOPA_RETRY_BASE_MS", default_value_t = 250)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub(crate) retry_base_ms: u64,
}

impl GlobalOptions {
    /// How long one request may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    /// Whether the server is the one that is taken where nobody names another.
    pub(crate) fn has_default_server(&self) -> bool {
        server_of_environment().is_none() && self.server.to_string() == DEFAULT_SERVER
    }
}

/// The option that names this server, where a command without it would take another one; with a space before it.
pub(crate) fn server_option(server: &str) -> String {
    let without = server_of_environment().unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    if without == server { String::new() } else { format!(" --server {server}") }
}

fn server_of_environment() -> Option<String> {
    let text = std::env::var(SERVER_VARIABLE).ok().filter(|text| !text.is_empty())?;
    Some(text.parse::<ServerUrl>().map_or(text, |url| url.to_string()))
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    /// A bar when stderr is a terminal, else nothing
    Auto,
    /// One line per finished file
    Plain,
    /// One JSON document per line for every event, notes and errors included
    Json,
    /// Nothing
    None,
}

/// Address of a server: http or https, a host, perhaps a path prefix; never with a user name or a query.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl(Url);

impl ServerUrl {
    /// Address of an operation: the server's prefix, `/api/v1`, and the segments, each percent-encoded.
    pub(crate) fn operation(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(segments);
        }
        url
    }

    /// Whether the host is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback()),
            None => false,
        }
    }

    /// Whether what is sent is encrypted on the way.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl std::str::FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text)
            .map_err(|cause| format!("{cause}; an address looks like http://127.0.0.1:8080"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err("an address begins with http:// or https://, like http://127.0.0.1:8080".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address holds no user name or password: use `prosopa login`".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("an address ends before `?` and `#`".to_owned());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

/// Reads an address without repeating it in errors: it may hold a password by mistake.
#[derive(Clone)]
struct ServerUrlParser;

impl TypedValueParser for ServerUrlParser {
    type Value = ServerUrl;

    fn parse_ref(&self, cmd: &Command, _arg: Option<&Arg>, value: &OsStr) -> Result<ServerUrl, clap::Error> {
        value.to_str().ok_or_else(|| "an address is text".to_owned()).and_then(str::parse).map_err(|reason| {
            clap::Error::raw(ErrorKind::ValueValidation, format!("--server: {reason}\n")).with_cmd(cmd)
        })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F8: spellings of one address are one server, so that its login is found again.
    #[test]
    fn spellings_of_one_address_are_one_server() {
        for text in ["HTTP://Example.org:80/", "http://example.org", "http://example.org///"] {
            assert_eq!(
                text.parse::<ServerUrl>().map(|url| url.to_string()),
                Ok("http://example.org".to_owned())
            );
        }
    }

    /// F8: an identifier can not leave its place in the path.
    #[test]
    fn segment_of_an_operation_is_encoded() {
        let url =
            "https://example.org/faces/".parse::<ServerUrl>().map(|url| url.operation(&["images", "a/b?c"]));
        assert_eq!(url.map(String::from), Ok("https://example.org/faces/api/v1/images/a%2Fb%3Fc".to_owned()));
    }

    /// F9: an address with a password in it, or of another scheme, is refused.
    #[test]
    fn address_that_is_not_a_plain_http_one_is_refused() {
        for text in
            ["ftp://example.org", "example.org:8080", "http://ada:secret@example.org", "http://h/?a=b", ""]
        {
            assert!(text.parse::<ServerUrl>().is_err(), "{text}");
        }
    }
}
