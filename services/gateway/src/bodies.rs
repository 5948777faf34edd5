//! Bounds request bodies: what is declared too large is refused at once, what streams too far is cut.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::{BoxError, body::Body, extract::Request};
use bytes::Bytes;
use http::header;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{LengthLimitError, Limited};

use prosopa_http::signatures::DigestMismatch;

use crate::error::Refusal;

/// Tells how much of a body was read.
#[derive(Clone, Default)]
pub(crate) struct BodyMeter(Option<Arc<Reading>>);

#[derive(Default)]
struct Reading {
    bytes: AtomicU64,
    was_cut: AtomicBool,
    was_false: AtomicBool,
    kept: Option<Mutex<Kept>>,
}

/// A copy of a body, for the request log.
struct Kept {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Kept {
    /// A body that is too long stays too long.
    fn add(&mut self, bytes: &[u8]) {
        let room = (self.bytes_max + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl BodyMeter {
    /// Whether the client sent more than was allowed.
    pub(crate) fn was_cut(&self) -> bool {
        self.0.as_ref().is_some_and(|reading| reading.was_cut.load(Ordering::Relaxed))
    }

    /// Whether what the client sent is not what was signed.
    pub(crate) fn was_false(&self) -> bool {
        self.0.as_ref().is_some_and(|reading| reading.was_false.load(Ordering::Relaxed))
    }

    /// A copy of what was read, if that was asked for and is not too long.
    pub(crate) fn kept(&self) -> Option<Vec<u8>> {
        let kept = self.0.as_ref()?.kept.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.bytes.len() <= kept.bytes_max).then(|| kept.bytes.clone())
    }

    /// What was read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |reading| reading.bytes.load(Ordering::Relaxed))
    }
}

/// Most bytes that can come: what is declared, else what is taken. The declaration has been checked.
pub(crate) fn bytes_to_come(request: &Request, bytes_max: usize) -> u64 {
    let upper = request.body().size_hint().upper();
    upper.unwrap_or(u64::MAX).min(bytes_max as u64)
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

/// Refuses a body that is packed: what it unpacks to could not be bounded by what is declared.
pub(crate) fn check_unpacked(request: &Request) -> Result<(), Refusal> {
    let mut encodings = request.headers().get_all(header::CONTENT_ENCODING).iter();
    let is_plain = encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_plain { Ok(()) } else { Err(Refusal::Packed) }
}

/// Cuts the request's body at `bytes_max`, and keeps a copy of up to `kept_max` bytes, if any.
pub(crate) fn bound(request: &mut Request, bytes_max: usize, kept_max: Option<usize>) -> BodyMeter {
    if request.body().is_end_stream() {
        return BodyMeter::default();
    }
    let kept = kept_max.map(|bytes_max| Mutex::new(Kept { bytes: Vec::new(), bytes_max }));
    let reading = Arc::new(Reading { kept, ..Reading::default() });
    let body = std::mem::take(request.body_mut());
    *request.body_mut() =
        Body::new(Bounded { inner: Limited::new(body, bytes_max), reading: Arc::clone(&reading) });
    BodyMeter(Some(reading))
}

/// A body that tells how much of it was read.
struct Bounded {
    inner: Limited<Body>,
    reading: Arc<Reading>,
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(&b""[..], |bytes| bytes);
                self.reading.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                if let Some(kept) = &self.reading.kept {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).add(bytes);
                }
            }
            Poll::Ready(Some(Err(error))) if error.is::<LengthLimitError>() => {
                self.reading.was_cut.store(true, Ordering::Relaxed);
            }
            Poll::Ready(Some(Err(error))) if DigestMismatch::is_cause_of(error.as_ref()) => {
                self.reading.was_false.store(true, Ordering::Relaxed);
            }
            _ => {}
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
