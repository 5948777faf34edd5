//! Serves a router on a port: bounded connections, bounded time for whoever is silent, graceful end.
//!
//! A connection ends when its first request does not arrive in time, however little of it came, when the next head
//! over HTTP/1 does not, when the other end of HTTP/2 does not answer pings, and when nobody takes what is written.

use std::{convert::Infallible, future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Pause after the system refused to give a connection (usually: too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Silence of the other end of HTTP/2 after which it is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// Longest time it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits of one listener.
#[derive(Debug, Clone, Copy)]
pub struct ListenerOptions {
    /// Connections at the same time; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Longest time a client may take to send a request's head; also the longest it may be idle over HTTP/1.
    pub head_timeout: Duration,
    /// Longest time in which a client may take nothing of an answer that waits for it.
    pub write_timeout: Duration,
    /// Longest time that requests in hand may take after the end was asked for.
    pub drain_timeout: Duration,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            head_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// Address of the client's end of the connection, among a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Serves until `stop`, then finishes the requests in hand.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    options: ListenerOptions,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(options.connections_max));
    let connections = GracefulShutdown::new();
    let server = connection_builder(options);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let (stream, address, slot) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (router, arrived) = (router.clone(), Arc::new(Notify::new()));
        let arrival = Arc::clone(&arrived);
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            arrival.notify_one();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(PeerAddress(address));
            let router = router.clone();
            async move {
                let Ok(response) = router.oneshot(request).await;
                Ok::<_, Infallible>(response)
            }
        });
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(options.write_timeout));
        let connection = server.serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), service);
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                },
                () = is_silent(&arrived, options.head_timeout) => tracing::debug!("no request came in time"),
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(options.drain_timeout, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off at the end of the drain");
    }
}

fn connection_builder(options: ListenerOptions) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.head_timeout);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).max_concurrent_streams(128);
    http2.keep_alive_interval(PING_INTERVAL).keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// Ends when the first request has not arrived within `limit`; otherwise never.
///
/// The server's own timer starts only after it knows which HTTP it is, which a client can put off for ever.
async fn is_silent(arrived: &Notify, limit: Duration) {
    if tokio::time::timeout(limit, arrived.notified()).await.is_ok() {
        future::pending().await
    }
}

type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<Accepted> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, slot))
}
