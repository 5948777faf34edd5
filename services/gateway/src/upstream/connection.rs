//! One connection to a service, driven by whoever waits for its answer.
//!
//! The request's own task reads and writes: there is no task for the connection, so no thread waits for another, nothing
//! is read that nobody takes, and who goes away takes the connection along.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use axum::{body::Body, extract::Request};
use http::{Response, Uri};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{self, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use prosopa_runtime::PeerStream;
use prosopa_telemetry::IntGauge;

use super::counted::Counted;

/// Largest head of an answer, bytes; also what is read ahead of a slow client.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Most header fields of an answer.
const HEADERS_MAX: usize = 100;

type Driver = http1::Connection<TokioIo<PeerStream>, Body>;

/// An open connection.
pub(super) struct Connection(Box<Open>);

struct Open {
    sender: SendRequest<Body>,
    /// None once it has ended.
    driver: Option<Driver>,
    address: Uri,
    is_kept: bool,
    counted: Counted,
}

impl Connection {
    /// Over a stream to `address`.
    pub(super) async fn new(stream: PeerStream, address: Uri, open: &IntGauge) -> hyper::Result<Self> {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER_BYTES_MAX).max_headers(HEADERS_MAX);
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await?;
        let counted = Counted::new(open);
        Ok(Self(Box::new(Open { sender, driver: Some(driver), address, is_kept: false, counted })))
    }

    /// Where it leads.
    pub(super) fn address(&self) -> &Uri {
        &self.0.address
    }

    /// Whether it has served a request before, so that the other end may just have closed it.
    pub(super) fn is_kept(&self) -> bool {
        self.0.is_kept
    }

    /// Sends a request and waits for the head of its answer. The error has the request where none of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request,
    ) -> Result<Response<Incoming>, TrySendError<Request>> {
        let Open { sender, driver, .. } = &mut *self.0;
        let mut head = pin!(sender.try_send_request(request));
        poll_fn(|cx| {
            // Whatever the head waits for, the connection brings.
            let _ = drive(driver, cx);
            head.as_mut().poll(cx)
        })
        .await
    }

    /// Sends a request that may change the protocol. The connection is then the answer's alone, and driven by a task.
    pub(super) async fn shake_hands(self, request: Request) -> hyper::Result<Response<Incoming>> {
        let Open { mut sender, driver, counted, .. } = *self.0;
        if let Some(driver) = driver {
            tokio::spawn(async move {
                // How it ends, whoever reads from it is told.
                let _ = driver.with_upgrades().await;
                drop(counted);
            });
        }
        sender.send_request(request).await
    }

    /// Reads and writes what can be; ready once it has ended.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        drive(&mut self.0.driver, cx)
    }

    /// Makes it ready for another request, after the last byte of an answer; nothing where it cannot be.
    pub(super) fn finish(mut self) -> Option<Self> {
        // It has no more to do than to see that it is done.
        let is_open = self.poll(&mut Context::from_waker(Waker::noop())).is_pending();
        self.0.is_kept = true;
        (is_open && self.0.sender.is_ready()).then_some(self)
    }
}

fn drive(driver: &mut Option<Driver>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(open) = driver else { return Poll::Ready(()) };
    match Pin::new(open).poll(cx) {
        Poll::Pending => Poll::Pending,
        // How it ended, whoever waits for the answer is told. What it still holds is given back by its end.
        Poll::Ready(_) => {
            *driver = None;
            Poll::Ready(())
        }
    }
}
