//! Pictures that are fetched from an address instead of being sent: off unless an operator names hosts, and never from an
//! address inside a network that only this machine can reach (server-side request forgery, OWASP A10:2021).

mod address;

use std::{error::Error as StdError, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use prosopa_contract::engine::IMAGE_BYTES_MAX;

use self::address::{is_public, literal};

/// Longest time until a server takes the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time for a whole picture.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Longest address, bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Stands for every host whose address is public.
pub(crate) const ANY_HOST: &str = "*";

/// A picture cannot be fetched. What a network in between said is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("pictures are not fetched here: send the picture itself")]
    Off,
    #[error("must be an https address without user or password, at most {URL_BYTES_MAX} bytes")]
    Url,
    #[error("pictures are not fetched from this host")]
    Host,
    #[error("cannot be fetched: the server cannot be reached, or is too slow")]
    Unreachable,
    #[error("cannot be fetched: the server answers {0}")]
    Status(StatusCode),
    #[error("cannot be fetched: the picture has more than {IMAGE_BYTES_MAX} bytes")]
    TooLarge,
}

/// Fetches pictures from the hosts that an operator has named. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fetcher {
    hosts: Arc<[String]>,
    client: Client,
}

/// A picture and what its server calls it.
pub(crate) struct Fetched {
    pub(crate) picture: Bytes,
    /// Lower-case media type without parameters.
    pub(crate) media_type: Option<String>,
}

impl Fetcher {
    /// For these hosts, each perhaps with a port, or [`ANY_HOST`]; for none at all it refuses everything.
    pub(crate) fn new(hosts: &[String]) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("prosopa/", env!("CARGO_PKG_VERSION")))
            // Another address would have to be judged anew.
            .redirect(Policy::none())
            // What a proxy resolves nobody here can judge.
            .no_proxy()
            .dns_resolver(Arc::new(PublicOnly))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(), client })
    }

    /// Fetches a picture of at most [`IMAGE_BYTES_MAX`] bytes.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Fetched, FetchError> {
        let url = self.check(url)?;
        let unreachable = |error: reqwest::Error| {
            tracing::debug!(error = %error.without_url(), "a picture cannot be fetched");
            FetchError::Unreachable
        };
        let mut response = self.client.get(url).send().await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let media_type = response.headers().get(http::header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()?.split(';').next());
        let media_type = media_type.map(|text| text.trim().to_ascii_lowercase());
        let mut picture = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if picture.len() + chunk.len() > IMAGE_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            picture.extend_from_slice(&chunk);
        }
        Ok(Fetched { picture: picture.freeze(), media_type })
    }

    /// The address, if it is one from which pictures are fetched. A name is judged once more when it is resolved.
    fn check(&self, text: &str) -> Result<Url, FetchError> {
        if self.hosts.is_empty() {
            return Err(FetchError::Off);
        }
        let url: Url = text.parse().map_err(|_| FetchError::Url)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(FetchError::Url);
        };
        let is_plain = url.username().is_empty() && url.password().is_none() && text.len() <= URL_BYTES_MAX;
        let ip = literal(host);
        // On this machine there is nobody in between.
        let is_safe =
            url.scheme() == "https" || url.scheme() == "http" && ip.is_some_and(|ip| ip.is_loopback());
        if !is_plain || !is_safe {
            return Err(FetchError::Url);
        }
        let with_port = format!("{host}:{port}");
        let is_named = |named: &String| *named == with_port || (*named == host && url.port().is_none());
        let is_any = self.hosts.iter().any(|named| named == ANY_HOST) && url.port().is_none();
        // An operator who names an address of the own network means it.
        if self.hosts.iter().any(is_named) || is_any && ip.is_none_or(is_public) {
            Ok(url)
        } else {
            Err(FetchError::Host)
        }
    }
}

/// Resolves names to public addresses alone, those that are then connected to.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(Box::<dyn StdError + Send + Sync>::from("the name has no public address"));
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: &[&str], url: &str) -> Result<(), FetchError> {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        Fetcher::new(&hosts).unwrap().check(url).map(drop)
    }

    /// K3: nothing is fetched unless an operator says from where.
    #[test]
    fn addresses_are_refused_unless_their_host_is_named() {
        assert_eq!(check(&[], "https://pictures.example/a.jpg"), Err(FetchError::Off));
        let named = ["Pictures.example", "files.example:8443"];
        assert_eq!(check(&named, "https://pictures.EXAMPLE/a.jpg?x=1"), Ok(()));
        assert_eq!(check(&named, "https://files.example:8443/a"), Ok(()));
        for other in [
            "https://files.example/a",
            "https://pictures.example:8443/a",
            "https://pictures.example.evil/a",
            "https://evil/pictures.example",
        ] {
            assert_eq!(check(&named, other), Err(FetchError::Host), "{other}");
        }
        for bad in [
            "",
            "pictures.example/a",
            "http://pictures.example/a",
            "ftp://pictures.example/a",
            "file:///etc/passwd",
            "https://user@pictures.example/a",
            "https://evil%00@pictures.example/a",
        ] {
            assert_eq!(check(&named, bad), Err(FetchError::Url), "{bad}");
        }
    }

    /// K3: however an address inside is written, it is not reached under a name for all.
    #[test]
    fn addresses_inside_are_refused_in_every_spelling() {
        let any = [ANY_HOST];
        assert_eq!(check(&any, "https://pictures.example/a.jpg"), Ok(()));
        for inside in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://pictures.example:22/",
        ] {
            assert_eq!(check(&any, inside), Err(FetchError::Host), "{inside}");
        }
        assert_eq!(check(&["127.0.0.1:8081"], "http://127.0.0.1:8081/"), Ok(()));
    }

    /// K3: a name that leads inside is not followed, though it is named.
    #[tokio::test]
    async fn names_of_addresses_inside_are_not_followed() {
        let fetcher = Fetcher::new(&["localhost".to_owned()]).unwrap();
        let outcome = fetcher.fetch("https://localhost/a.jpg").await.map(drop);
        assert_eq!(outcome, Err(FetchError::Unreachable));
    }
}
