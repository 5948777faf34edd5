//! Bounds request bodies: what is declared too large is refused at once, what streams too far is cut.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{BoxError, body::Body, extract::Request};
use bytes::Bytes;
use http::header;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{LengthLimitError, Limited};

use crate::error::Refusal;

/// Tells whether a body was cut.
#[derive(Clone, Default)]
pub(crate) struct Overrun(Option<Arc<AtomicBool>>);

impl Overrun {
    /// Whether the client sent more than was allowed.
    pub(crate) fn has_happened(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

/// Refuses a request whose declared body is larger than `bytes_max`.
pub(crate) fn check_declared(request: &Request, bytes_max: usize) -> Result<(), Refusal> {
    let Some(length) = request.headers().get(header::CONTENT_LENGTH) else { return Ok(()) };
    let length = length.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(length) = length.filter(|text| !text.is_empty()) else {
        return Err(Refusal::Malformed("Content-Length is not a number"));
    };
    // What does not even fit into 64 bits is too large.
    let is_allowed = length.parse::<u64>().is_ok_and(|length| length <= bytes_max as u64);
    if is_allowed { Ok(()) } else { Err(Refusal::BodyTooLarge { bytes_max }) }
}

/// Cuts the request's body at `bytes_max`.
pub(crate) fn bound(request: &mut Request, bytes_max: usize) -> Overrun {
    if request.body().is_end_stream() {
        return Overrun::default();
    }
    let flag = Arc::new(AtomicBool::new(false));
    let body = std::mem::take(request.body_mut());
    *request.body_mut() =
        Body::new(Bounded { inner: Limited::new(body, bytes_max), overrun: Arc::clone(&flag) });
    Overrun(Some(flag))
}

/// A body that remembers that it was cut.
struct Bounded {
    inner: Limited<Body>,
    overrun: Arc<AtomicBool>,
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = &polled
            && error.is::<LengthLimitError>()
        {
            self.overrun.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
