//! Reads what a reader of a body left, for readers that stop before the end.
//!
//! A form ends with its last boundary; what comes behind it is not read by who reads forms. A body whose digest is
//! known at its end alone must be read to it before anything is committed.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;

/// What is left of a body when its reader is done.
pub struct RestOfBody(Shared);

impl RestOfBody {
    /// Gives the body to its reader and keeps hold of what it leaves.
    pub fn of(body: Body) -> (Body, Self) {
        let shared = Shared(Arc::new(Mutex::new(body)));
        (Body::new(shared.clone()), Self(shared))
    }

    /// Reads to the end and keeps nothing. To be called when the reader is done.
    ///
    /// Fails as the body does: where it breaks off, is larger than allowed, or has another digest
    /// ([`DigestMismatch`](super::DigestMismatch)).
    pub async fn read(mut self) -> Result<(), axum::Error> {
        while let Some(frame) = self.0.frame().await {
            frame?;
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    /// A reader that panicked took nothing with it but the chunk that it had.
    fn with<T>(&self, act: impl FnOnce(&mut Body) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}
