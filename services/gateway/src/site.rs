//! The files of the web application: a folder of the configuration, served below everything but `/api` and the few
//! operations elsewhere (`/.well-known`).
//!
//! Read from the disk at each request, so that the folder may be changed, or be replaced by way of a link, while it is
//! served. Whatever a path names is looked up only as plain segments and must lie in the folder once all links are
//! followed. A navigation to what is no file gives the start page, where the application reads the address itself.

mod caching;
mod files;

use std::path::{Path, PathBuf};

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tower_http::services::ServeFile;

use self::files::Found;
use crate::error::Refusal;

const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// The application's own files, its pictures however it makes them, and calls of this host alone.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// See the module.
pub(crate) struct Site {
    root: PathBuf,
}

impl Site {
    /// The files below a folder.
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Whether a path may be one of the application's: it is, unless an operation has it.
    pub(crate) fn has(path: &str) -> bool {
        path != "/api" && !path.starts_with("/api/")
    }

    /// Answers with a file, a part of it, or that the client has it already.
    pub(crate) async fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Response, Refusal> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Refusal::MethodNotAllowed { allow: ALLOW });
        }
        let mut found = self.find(files::relative(path)).await?;
        if found.is_none() && is_navigation(headers) && files::is_address(path) {
            found = self.find(Some("index.html".into())).await?;
        }
        let found = found.ok_or(Refusal::NotFound)?;
        let response = send(&found, method, headers, Part::Asked).await?;
        let is_outdated_part = response.status() == StatusCode::PARTIAL_CONTENT
            && headers
                .get(header::IF_RANGE)
                .is_some_and(|tag| response.headers().get(header::ETAG) != Some(tag));
        if is_outdated_part { send(&found, method, headers, Part::All).await } else { Ok(response) }
    }

    async fn find(&self, relative: Option<String>) -> Result<Option<Found>, Refusal> {
        let Some(relative) = relative else { return Ok(None) };
        let root = self.root.clone();
        // A few looks at the disk, in one go.
        let found = tokio::task::spawn_blocking(move || files::find(&root, Path::new(&relative))).await;
        found.map_err(|error| Refusal::Panicked(error.to_string()))
    }
}

/// How much of a file is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The part that is asked for, if one is.
    Asked,
    All,
}

async fn send(found: &Found, method: &Method, headers: &HeaderMap, part: Part) -> Result<Response, Refusal> {
    let mut asked = Request::new(Body::empty());
    *asked.method_mut() = method.clone();
    if let Some(accepted) = headers.get(header::ACCEPT_ENCODING) {
        asked.headers_mut().insert(header::ACCEPT_ENCODING, accepted.clone());
    }
    // Several parts at once are nothing that a page needs: all of it is sent instead.
    if part == Part::Asked
        && let Some(range) = headers.get(header::RANGE).filter(|range| !range.as_bytes().contains(&b','))
    {
        asked.headers_mut().insert(header::RANGE, range.clone());
    }
    let served = found.service(ServeFile::new(&found.path)).try_call(asked).await;
    // It may have been taken away meanwhile.
    let mut response = served.map_err(|_| Refusal::NotFound)?.map(Body::new);
    if response.status() == StatusCode::NOT_FOUND {
        return Err(Refusal::NotFound);
    }
    mark(found, &mut response);
    if response.status().is_success() && caching::is_known(headers, response.headers()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in
            [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_RANGE]
        {
            response.headers_mut().remove(name);
        }
    }
    Ok(response)
}

fn mark(found: &Found, response: &mut Response) {
    let headers = response.headers_mut();
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|encoding| encoding.to_str().ok());
    if let Some(tag) = found.tag(encoding.unwrap_or("")) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, caching::policy(&found.path));
    headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    if found.has_variants() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let is_text =
        |value: &HeaderValue| value.as_bytes().starts_with(b"text/") && !value.as_bytes().contains(&b';');
    let kind = headers.get(header::CONTENT_TYPE).filter(|value| is_text(value));
    if let Some(kind) = kind.and_then(|kind| kind.to_str().ok())
        && let Ok(kind) = HeaderValue::try_from(format!("{kind}; charset=utf-8"))
    {
        headers.insert(header::CONTENT_TYPE, kind);
    }
}

/// Whether a browser goes to a page, and not a page for what it consists of.
fn is_navigation(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(','));
    kinds.any(|kind| kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("text/html"))
}
