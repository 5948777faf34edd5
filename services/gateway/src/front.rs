//! What answers are given for the browsers that asked, whoever made them: which pages may read them (CORS), what browsers
//! may do with them, and how they are packed. Knows of a request what its head says about that, and of an answer its head.

mod compression;
mod cors;
mod hardening;

use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, Method, header};

use prosopa_http::cookies::Transport;
use prosopa_runtime::ClientScheme;

use self::{cors::Sharing, hardening::Hardening};
use crate::config::Config;

/// See the module.
pub(crate) struct Front {
    sharing: Sharing,
    hardening: Hardening,
}

/// What a request's head says about its answer.
pub(crate) struct Asked {
    /// The page that asked, if answers are shared with it.
    origin: Option<HeaderValue>,
    accept_encoding: Option<HeaderValue>,
    /// Whether the browser added something that the page cannot.
    has_cookie: bool,
    /// Whether a browser came by TLS to a host that is not this very machine.
    is_over_tls: bool,
}

impl Front {
    /// As it is configured.
    pub(crate) fn new(config: &Config) -> Self {
        Self { sharing: Sharing::new(&config.cors), hardening: Hardening::new(config.hsts_max_age_s) }
    }

    /// Reads what matters here.
    pub(crate) fn look(&self, request: &Request) -> Asked {
        let headers = request.headers();
        Asked {
            origin: self.sharing.origin_of(headers),
            accept_encoding: compression::accepted(headers),
            has_cookie: headers.contains_key(header::COOKIE),
            is_over_tls: request.extensions().get::<ClientScheme>() == Some(&ClientScheme::Https)
                && Transport::of(request.uri(), headers) == Transport::Secure,
        }
    }

    /// The answer to a browser that asks whether a page may send a request, if it asks that and the page may.
    pub(crate) fn allow_request(
        &self,
        method: &Method,
        headers: &HeaderMap,
        asked: &Asked,
    ) -> Option<Response> {
        let is_question =
            *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        (is_question && asked.origin.is_some()).then(|| self.sharing.allow_request())
    }

    /// Adds headers.
    pub(crate) fn mark(&self, asked: &Asked, headers: &mut HeaderMap) {
        self.sharing.mark(asked.origin.as_ref(), headers);
        self.hardening.mark(asked.is_over_tls, headers);
    }

    /// Packs the body, where that is of use.
    pub(crate) async fn pack(&self, asked: Asked, response: Response) -> Response {
        compression::compress(asked.accept_encoding, asked.has_cookie, response).await
    }
}
