//! Ends bodies that stop coming.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// Tells how a body ended before its end.
#[derive(Clone, Default)]
pub(super) struct BodyEnd(Option<Arc<Flags>>);

#[derive(Default)]
struct Flags {
    is_silent: AtomicBool,
    is_broken: AtomicBool,
}

impl BodyEnd {
    /// Whether the client fell silent within it.
    pub(super) fn is_silent(&self) -> bool {
        self.0.as_ref().is_some_and(|flags| flags.is_silent.load(Ordering::Relaxed))
    }

    /// Whether the client broke it off.
    pub(super) fn is_broken(&self) -> bool {
        self.0.as_ref().is_some_and(|flags| flags.is_broken.load(Ordering::Relaxed))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the body stopped coming")]
struct StoppedComing;

/// The body, which fails when nothing of it comes for `limit` while somebody waits for it.
pub(super) fn bound_silence(body: Incoming, limit: Option<Duration>) -> (Body, BodyEnd) {
    if body.is_end_stream() {
        return (Body::empty(), BodyEnd::default());
    }
    let Some(limit) = limit else { return (Body::new(body), BodyEnd::default()) };
    let flags = Arc::new(Flags::default());
    let bounded = Bounded {
        inner: body,
        limit,
        end: Box::pin(tokio::time::sleep(limit)),
        is_waiting: false,
        flags: Arc::clone(&flags),
    };
    (Body::new(bounded), BodyEnd(Some(flags)))
}

struct Bounded {
    inner: Incoming,
    limit: Duration,
    end: Pin<Box<Sleep>>,
    /// Whether the time runs.
    is_waiting: bool,
    flags: Arc<Flags>,
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.is_waiting = false;
            if matches!(frame, Some(Err(_))) {
                self.flags.is_broken.store(true, Ordering::Relaxed);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
        }
        if !self.is_waiting {
            self.is_waiting = true;
            let end = Instant::now() + self.limit;
            self.end.as_mut().reset(end);
        }
        if self.end.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.flags.is_silent.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(StoppedComing.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
