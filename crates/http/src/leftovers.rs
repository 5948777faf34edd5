//! Reads what a client still sends when its answer is already decided.
//!
//! A connection that is closed with unread data is reset, and a reset can destroy the answer on its way: the client of a
//! refused upload would see a broken pipe instead of the reason. So the rest is read and thrown away, within bounds
//! (what others call lingering close), before the answer leaves.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http::{Version, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

/// Most that is read for nothing, bytes; a client that sends more may see the reset.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Longest pause of the client.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Longest time for all of it.
const TIME_MAX: Duration = Duration::from_secs(30);

/// Where the unread rest of a body is found once everybody else has let go of it.
pub struct Leftovers(Option<Arc<Slot>>);

struct Slot {
    rest: Mutex<Option<Body>>,
    /// The client waits for `100 Continue` and sends nothing before somebody reads.
    waits: bool,
}

impl Leftovers {
    /// Watches over the body of a request. Over HTTP/2 a stream can be ended by itself, so there is nothing to do.
    pub fn of(request: &mut Request) -> Self {
        if request.body().is_end_stream() || request.version() > Version::HTTP_11 {
            return Self(None);
        }
        let waits = request.headers().contains_key(header::EXPECT);
        let slot = Arc::new(Slot { rest: Mutex::new(None), waits });
        let body = std::mem::take(request.body_mut());
        let watched = Watched { body: Some(body), was_read: false, slot: Arc::clone(&slot) };
        *request.body_mut() = Body::new(watched);
        Self(Some(slot))
    }

    /// Reads and drops what is left, within bounds.
    pub async fn discard(self) {
        let rest = self.0.and_then(|slot| slot.rest.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(rest) = rest {
            // Out of time: the reset is then the client's own doing.
            let _ = tokio::time::timeout(TIME_MAX, drain(rest)).await;
        }
    }
}

async fn drain(mut rest: Body) {
    let mut bytes = 0;
    while bytes < BYTES_MAX {
        let Ok(Some(Ok(frame))) = tokio::time::timeout(PAUSE_MAX, rest.frame()).await else { return };
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// A body that leaves its unread rest in the slot when it is dropped.
struct Watched {
    body: Option<Body>,
    was_read: bool,
    slot: Arc<Slot>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.was_read = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        if self.was_read || !self.slot.waits {
            *self.slot.rest.lock().unwrap_or_else(PoisonError::into_inner) = rest;
        }
    }
}
