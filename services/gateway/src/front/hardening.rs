//! Headers that make browsers careful, and those that keep them to TLS.

use http::{HeaderMap, HeaderValue, header};

use prosopa_http::harden;

/// See the module.
pub(super) struct Hardening {
    /// `Strict-Transport-Security` (RFC 6797); none where it is not sent.
    strict_transport: Option<HeaderValue>,
}

impl Hardening {
    /// Tells browsers to come by TLS only for so many seconds; 0 tells them nothing.
    pub(super) fn new(hsts_max_age_s: u32) -> Self {
        let text = format!("max-age={hsts_max_age_s}");
        let strict_transport = HeaderValue::try_from(text).ok().filter(|_| hsts_max_age_s > 0);
        Self { strict_transport }
    }

    /// Adds them.
    pub(super) fn mark(&self, is_over_tls: bool, headers: &mut HeaderMap) {
        harden(headers);
        if is_over_tls && let Some(value) = &self.strict_transport {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
        }
    }
}
