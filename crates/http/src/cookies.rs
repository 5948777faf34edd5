//! Cookies of this host alone: how they are named, set and removed, and how they are found in a request (RFC 6265).
//!
//! A cookie with the prefix `__Host-` comes back over TLS only and cannot be set by another host of the same domain.
//! Browsers refuse it over plain HTTP, so that on the machine itself, where there is no wire, it goes without.

use std::{net::IpAddr, time::Duration};

use http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use crate::signatures::authority_of;

/// The session of a browser.
pub const SESSION_COOKIE: Cookie = Cookie { secure: "__Host-prosopa_session", loopback: "prosopa_session" };

/// Where the CSRF token comes with a request that a session cookie allows to change something.
pub const CSRF_TOKEN: http::HeaderName = http::HeaderName::from_static("x-csrf-token");

/// When cookies may go over plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CookieSecurity {
    /// Where the request names this very machine: `localhost`, `127.0.0.1`, `[::1]`.
    #[default]
    Auto,
    /// Never: they are kept to TLS.
    Tls,
}

/// How a browser reaches the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// By TLS, here or in front of here.
    Secure,
    /// On this machine, perhaps by plain HTTP.
    Loopback,
}

impl Transport {
    /// By the host that the request names. A browser names the one whose cookies it sends and keeps, so nobody can make
    /// another's browser name a different one.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        match authority_of(uri, headers) {
            Some(authority) if is_loopback(&authority) => Self::Loopback,
            _ => Self::Secure,
        }
    }

    /// What cookies may rely on.
    #[must_use]
    pub const fn held_to(self, security: CookieSecurity) -> Self {
        match security {
            CookieSecurity::Auto => self,
            CookieSecurity::Tls => Self::Secure,
        }
    }
}

/// Whether a host, with or without a port, is this very machine by its name alone (RFC 6761, section 6.3).
pub fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether a text is an origin as browsers write it, scheme, host and, if it is not the scheme's own, port; and one whose
/// pages come unaltered: over TLS, or from this very machine.
pub fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let is_unaltered = scheme == "https" || (scheme == "http" && is_loopback(host));
    is_unaltered && !host.contains('@') && host.parse::<Authority>().is_ok_and(|host| !host.host().is_empty())
}

/// A cookie and its two names.
#[derive(Debug, Clone, Copy)]
pub struct Cookie {
    secure: &'static str,
    loopback: &'static str,
}

/// A cookie is there more than once, so nobody knows which one is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cookie is sent twice")]
pub struct SentTwice;

impl Cookie {
    /// A cookie; the first name begins with `__Host-`.
    pub const fn named(secure: &'static str, loopback: &'static str) -> Self {
        Self { secure, loopback }
    }

    /// Its name.
    pub const fn on(self, transport: Transport) -> &'static str {
        match transport {
            Transport::Secure => self.secure,
            Transport::Loopback => self.loopback,
        }
    }

    /// `Set-Cookie` that makes the browser keep it for so long, out of scripts' reach, and send it with requests that pages
    /// of this site make or that lead to one. The value has letters, digits, `-`, `_` and `.` only.
    pub fn set(self, transport: Transport, value: &str, life: Duration) -> Option<HeaderValue> {
        let secure = match transport {
            Transport::Secure => "; Secure",
            Transport::Loopback => "",
        };
        let (name, seconds) = (self.on(transport), life.as_secs());
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// `Set-Cookie` that makes the browser forget it.
    pub fn remove(self, transport: Transport) -> Option<HeaderValue> {
        self.set(transport, "", Duration::ZERO)
    }

    /// Its value, left where it is.
    pub fn find(self, transport: Transport, headers: &HeaderMap) -> Result<Option<SecretString>, SentTwice> {
        single(values(headers).filter(|(name, _)| *name == self.on(transport)).map(|(_, value)| value))
    }

    /// Takes it out of a request under either name, so that nobody behind sees it, and gives its value.
    ///
    /// Over TLS, that of the unprotected name is nothing: a neighbour in the domain may have set it.
    pub fn take(
        self,
        transport: Transport,
        headers: &mut HeaderMap,
    ) -> Result<Option<SecretString>, SentTwice> {
        let is_own = |name: &str| name == self.secure || name == self.loopback;
        if !values(headers).any(|(name, _)| is_own(name)) {
            return Ok(None);
        }
        let counts = |name: &str| name == self.secure || (transport == Transport::Loopback && is_own(name));
        let found = single(values(headers).filter(|(name, _)| counts(name)).map(|(_, value)| value));
        let others: Vec<&str> = pairs(headers).filter(|pair| !is_own(split(pair).0)).collect();
        let others = HeaderValue::try_from(others.join("; ")).ok().filter(|others| !others.is_empty());
        headers.remove(header::COOKIE);
        if let Some(others) = others {
            headers.insert(header::COOKIE, others);
        }
        found
    }
}

fn single<'a>(mut values: impl Iterator<Item = &'a str>) -> Result<Option<SecretString>, SentTwice> {
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(SentTwice),
        (value, _) => Ok(value.map(SecretString::from)),
    }
}

/// Over HTTP/2 they may come in several fields (RFC 9113, section 8.2.3). A field that is no text has none.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).map(str::trim_ascii).filter(|pair| !pair.is_empty())
}

fn values(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    pairs(headers).map(split)
}

/// Name and value; one without `=` is a value without a name.
fn split(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or(("", pair))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn request(host: &str, cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        headers
    }

    fn take(host: &str, cookies: &[&str]) -> (Result<Option<String>, SentTwice>, Vec<String>) {
        let mut headers = request(host, cookies);
        let transport = Transport::of(&Uri::from_static("/"), &headers);
        let found = SESSION_COOKIE.take(transport, &mut headers);
        let left = headers.get_all(header::COOKIE).iter();
        let left = left.map(|field| field.to_str().unwrap().to_owned()).collect();
        (found.map(|found| found.map(|secret| secret.expose_secret().to_owned())), left)
    }

    /// R8: over TLS the prefix that keeps neighbours out is demanded.
    #[test]
    fn an_unprotected_cookie_counts_on_this_machine_only() {
        for host in ["localhost", "localhost:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:8080", "a.localhost"] {
            assert_eq!(take(host, &["prosopa_session=s"]).0, Ok(Some("s".into())), "{host}");
            assert_eq!(take(host, &["__Host-prosopa_session=s"]).0, Ok(Some("s".into())), "{host}");
        }
        for host in
            ["example.org", "localhost.example.org", "notlocalhost", "192.0.2.1", "[::2]", "a@localhost"]
        {
            assert_eq!(take(host, &["prosopa_session=s"]).0, Ok(None), "{host}");
            assert_eq!(take(host, &["__Host-prosopa_session=s"]).0, Ok(Some("s".into())), "{host}");
        }
    }

    #[test]
    fn no_host_or_two_are_not_this_machine() {
        assert_eq!(Transport::of(&Uri::from_static("/"), &HeaderMap::new()), Transport::Secure);
        let mut headers = request("localhost", &[]);
        headers.append(header::HOST, "localhost".parse().unwrap());
        assert_eq!(Transport::of(&Uri::from_static("/"), &headers), Transport::Secure);
        assert_eq!(
            Transport::of(&Uri::from_static("http://localhost/"), &HeaderMap::new()),
            Transport::Loopback
        );
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for text in ["https://app.example.org", "https://app.example.org:8443", "http://localhost:3000"] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "*",
            "null",
            "app.example.org",
            "http://app.example.org",
            "https://",
            "https://a.example/",
            "https://a.example/x",
            "https://u@a.example",
            "https://*.example.org x",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }

    /// R8: nobody behind the edge sees it, and everybody sees the others.
    #[test]
    fn what_is_taken_is_gone_and_the_rest_stays() {
        let (found, left) =
            take("example.org", &["a=1; __Host-prosopa_session=s;b=2", "prosopa_session=t; c=x=y; d"]);
        assert_eq!(found, Ok(Some("s".into())));
        assert_eq!(left, ["a=1; b=2; c=x=y; d"]);
        assert_eq!(take("example.org", &["__Host-prosopa_session=s"]).1, Vec::<String>::new());
    }

    #[test]
    fn two_of_a_name_are_none() {
        let twice = take("example.org", &["__Host-prosopa_session=s; __Host-prosopa_session=s"]);
        assert_eq!(twice, (Err(SentTwice), vec![]));
        let both = take("localhost", &["__Host-prosopa_session=s", "prosopa_session=s"]);
        assert_eq!(both, (Err(SentTwice), vec![]));
    }

    /// R8: the attributes that browsers demand for the prefix (RFC 6265bis, section 4.1.3.2).
    #[test]
    fn a_cookie_is_set_for_this_host_and_out_of_scripts_reach() {
        let set = |transport| SESSION_COOKIE.set(transport, "v", Duration::from_secs(60)).unwrap();
        assert_eq!(
            set(Transport::Secure),
            "__Host-prosopa_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(set(Transport::Loopback), "prosopa_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert!(set(Transport::Secure).is_sensitive());
        assert_eq!(
            SESSION_COOKIE.remove(Transport::Loopback).unwrap(),
            "prosopa_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
        assert_eq!(Transport::Loopback.held_to(CookieSecurity::Tls), Transport::Secure);
    }

    proptest! {
        /// Whatever else stands in the field, the cookie does not get past.
        #[test]
        fn nothing_gets_past(before in "[ -~]{0,40}", value in "[a-z]{1,8}", after in "[ -~]{0,40}") {
            let field = format!("{before}; __Host-prosopa_session={value}; {after}");
            let (_, left) = take("example.org", &[&field]);
            let mut pairs = left.iter().flat_map(|field| field.split(';'));
            let got_past = pairs.any(|pair| pair.trim().starts_with("__Host-prosopa_session="));
            prop_assert!(!got_past);
        }
    }
}
