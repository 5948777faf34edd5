//! A body that does not end well unless its content has the digest it must have.
//!
//! Nothing is buffered but the last chunk, which is held back until the digest is known to match. So a reader that
//! reads to the end, as it must before it commits anything, never commits what is false. A reader that stops earlier,
//! as readers of forms do, has to read the [rest](super::RestOfBody).

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aws_lc_rs::digest::{self, SHA256};
use axum::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::digest::ContentDigest;

/// The content has not the digest that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content does not match its digest")]
pub struct DigestMismatch;

impl DigestMismatch {
    /// Whether this was the cause of an error that came while a body was read, however often it was wrapped.
    pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<Self>() {
                return true;
            }
            next = error.source();
        }
        false
    }
}

/// A body whose end fails with [`DigestMismatch`] unless its content has the digest.
///
/// Trailers are dropped: the signature does not cover them. An empty body is checked too, so this must wrap every body,
/// also one that seems to be at its end.
pub struct ContentDigestBody<B> {
    inner: B,
    expected: ContentDigest,
    /// Of all that came; none once the end was reached.
    context: Option<digest::Context>,
    held: Option<Bytes>,
}

impl<B> ContentDigestBody<B> {
    /// Wraps a body whose content must have the digest.
    pub fn new(inner: B, expected: ContentDigest) -> Self {
        Self { inner, expected, context: Some(digest::Context::new(&SHA256)), held: None }
    }
}

impl<B> Body for ContentDigestBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            let Some(context) = &mut this.context else { return Poll::Ready(None) };
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let Ok(chunk) = frame.into_data() else { return Poll::Ready(this.finish()) };
                    if chunk.is_empty() {
                        continue;
                    }
                    context.update(&chunk);
                    if let Some(before) = this.held.replace(chunk) {
                        return Poll::Ready(Some(Ok(Frame::data(before))));
                    }
                }
                Some(Err(error)) => {
                    this.context = None;
                    this.held = None;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => return Poll::Ready(this.finish()),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.context.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.context.is_none() {
            return SizeHint::with_exact(0);
        }
        let held = self.held.as_ref().map_or(0, |chunk| chunk.len() as u64);
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(held));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}

impl<B> ContentDigestBody<B> {
    /// The last chunk, or the error; nothing for an empty content that matches.
    fn finish(&mut self) -> Option<Result<Frame<Bytes>, BoxError>> {
        let held = self.held.take();
        let computed = ContentDigest::finish(self.context.take()?);
        if computed != self.expected {
            return Some(Err(DigestMismatch.into()));
        }
        held.map(|chunk| Ok(Frame::data(chunk)))
    }
}
