//! Whether a request that a browser sends comes from a page of this site.
//!
//! A browser adds its cookies whoever makes it send a request; it also says whose page that was, in `Origin` (RFC 6454) or
//! `Sec-Fetch-Site` (W3C Fetch Metadata), which pages cannot write. Whether the page knows the session's token, the
//! verifier says.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header, uri::Uri};
use secrecy::SecretString;

use prosopa_contract::verifier::CookieWish;
use prosopa_http::cookies::{CSRF_TOKEN, authority_of, is_origin};

use crate::error::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The sites whose pages may use a browser's session.
pub(crate) struct Sites {
    /// Beside the host that a request names, `https://app.example.org`.
    origins: Vec<String>,
}

/// Whose page made the browser send a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// One of this site.
    Own,
    /// Another's, or one that hides whose it is.
    Foreign,
    /// The browser does not say, or it is none.
    Unknown,
}

impl Sites {
    /// With these origins beside the host that is asked.
    pub(crate) fn new(origins: &[String]) -> Self {
        Self { origins: origins.iter().map(|origin| origin.to_ascii_lowercase()).collect() }
    }

    /// What a session cookie may do in a request, as far as can be seen without knowing the session.
    pub(crate) fn judge<B>(&self, request: &Request<B>) -> Result<CookieWish, Refusal> {
        let headers = request.headers();
        if request.method().is_safe() && !headers.contains_key(header::UPGRADE) {
            return Ok(CookieWish::Read);
        }
        if self.sender(request.uri(), headers) != Sender::Own {
            return Err(Refusal::Forged("the request must come from a page of this site"));
        }
        // What opens a socket has no place for a token.
        if request.method() == Method::GET {
            return Ok(CookieWish::Read);
        }
        let csrf_token = single(headers, &CSRF_TOKEN).map(SecretString::from);
        let csrf_token = csrf_token.ok_or(Refusal::Forged("the request must carry one X-CSRF-Token"))?;
        Ok(CookieWish::Change { csrf_token })
    }

    /// Refuses what a page of another site makes a browser send; programs, which say nothing, pass.
    pub(crate) fn refuse_foreign<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        match self.sender(request.uri(), request.headers()) {
            Sender::Foreign => Err(Refusal::Forged("the request must come from a page of this site")),
            Sender::Own | Sender::Unknown => Ok(()),
        }
    }

    fn sender(&self, uri: &Uri, headers: &HeaderMap) -> Sender {
        let is_own = if headers.contains_key(header::ORIGIN) {
            single(headers, &header::ORIGIN).is_some_and(|origin| self.is_own(origin, uri, headers))
        } else if headers.contains_key(SEC_FETCH_SITE) {
            single(headers, &SEC_FETCH_SITE) == Some("same-origin")
        } else {
            return Sender::Unknown;
        };
        if is_own { Sender::Own } else { Sender::Foreign }
    }

    /// A page that came over plain HTTP may be anybody's, unless it came from this very machine.
    fn is_own(&self, origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
        let origin = origin.to_ascii_lowercase();
        let host = origin.split_once("://").map(|(_, host)| host);
        let is_asked = || host.is_some() && host == authority_of(uri, headers).as_deref();
        self.origins.contains(&origin) || (is_origin(&origin) && is_asked())
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(HeaderValue::to_str)?.ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "app.example.org";

    fn sender(host: &str, sent: &[(&'static str, &str)]) -> Sender {
        let mut request = Request::post("/x").header(header::HOST, host);
        for (name, value) in sent {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        Sites::new(&["https://dashboard.example.com".into()]).sender(request.uri(), request.headers())
    }

    /// R8: a page of this host, or of one that is configured.
    #[test]
    fn pages_of_this_site_are_known() {
        for (host, origin) in [
            (SITE, "https://app.example.org"),
            ("app.example.org:443", "https://app.example.org"),
            ("APP.example.org", "https://app.EXAMPLE.org"),
            ("app.example.org:8443", "https://app.example.org:8443"),
            ("localhost:8080", "http://localhost:8080"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
            (SITE, "https://dashboard.example.com"),
        ] {
            assert_eq!(sender(host, &[("origin", origin)]), Sender::Own, "{host} {origin}");
        }
        assert_eq!(sender(SITE, &[("sec-fetch-site", "same-origin")]), Sender::Own);
    }

    /// R8: everything else is not, however much it looks like it.
    #[test]
    fn pages_of_others_are_foreign() {
        for origin in [
            "null",
            "",
            "https://evil.example",
            "https://app.example.org.evil.example",
            "https://app.example.org@evil.example",
            "https://evil.app.example.org",
            "https://example.org",
            "https://app.example.org:8443",
            "https://app.example.org/",
            "http://app.example.org",
            "http://dashboard.example.com",
            "app.example.org",
            "ftp://app.example.org",
        ] {
            assert_eq!(sender(SITE, &[("origin", origin)]), Sender::Foreign, "{origin}");
        }
        for site in ["cross-site", "same-site", "none", "Same-Origin"] {
            assert_eq!(sender(SITE, &[("sec-fetch-site", site)]), Sender::Foreign, "{site}");
        }
        let other_port = sender("localhost:8080", &[("origin", "http://localhost:3000")]);
        assert_eq!(other_port, Sender::Foreign);
    }

    #[test]
    fn what_is_said_twice_is_foreign() {
        let own = ("origin", "https://app.example.org");
        assert_eq!(sender(SITE, &[own, own]), Sender::Foreign);
        let site = ("sec-fetch-site", "same-origin");
        assert_eq!(sender(SITE, &[site, site]), Sender::Foreign);
    }

    /// The origin is more exact than the other, so that it decides where both are sent.
    #[test]
    fn a_foreign_origin_is_not_mended_by_another_header() {
        let sent = [("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")];
        assert_eq!(sender(SITE, &sent), Sender::Foreign);
        assert_eq!(sender(SITE, &[]), Sender::Unknown);
    }
}
