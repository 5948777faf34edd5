//! Serves a router on a port: bounded connections, bounded time for whoever is silent, graceful end.
//!
//! A connection ends when its first request does not arrive in time, however little of it came, the TLS handshake
//! included; when the next head over HTTP/1 does not; when a body stops coming; when the other end of HTTP/2 does not
//! answer pings; when nobody takes what is written; when more requests are taken back than answered; and after a message
//! that two readers could read differently.

mod body;
mod connection;
mod ending;
mod forwarded;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod gate;
mod head;
mod metrics;
mod networks;
mod strict;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::metrics::ListenerMetrics;
pub use self::tls::{ClientCertificate, ClientCertificates, Tls, TlsFiles};
use self::{
    connection::Connection, ending::Ending, forwarded::is_trusted, head::HeadLimits, networks::Networks,
};

/// Pause after the system refused to give a connection (usually: too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Silence of the other end of HTTP/2 after which it is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// Longest time it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests at the same time on a connection with HTTP/2.
const STREAMS_MAX: u32 = 128;

/// Bytes that a request over HTTP/2 may send before somebody has read them, and all of its connection together.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Bytes of an answer over HTTP/2 that wait for the client.
const STREAM_SEND_BYTES_MAX: usize = 64 * 1024;

/// Requests over HTTP/2 that were taken back before anybody has looked at them.
const RESETS_PENDING_MAX: usize = 20;

/// Requests over HTTP/2 that the client's own faults end.
const RESETS_FOR_FAULTS_MAX: usize = 64;

/// Bytes of a connection with HTTP/1 that are kept in each direction.
const BUFFER_BYTES_MAX: usize = 128 * 1024;

/// Fields of a request from a client, and of one from another process; the server itself reads no more.
const PUBLIC_FIELDS_MAX: usize = 80;
const FIELDS_MAX: usize = 100;

/// Bytes of fields that another process may add to a client's.
const ADDED_BYTES_MAX: usize = 20 * 1024;

/// Limits of one listener.
#[derive(Debug, Clone)]
pub struct ListenerOptions {
    /// Connections at the same time; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Connections of one client network (an IPv4 address, 64 bits of an IPv6 address) at the same time; further ones are
    /// refused. Trusted proxies may have any number.
    pub connections_per_network_max: usize,
    /// Longest time a client may take to send a request's head, for the first one the TLS handshake included; also the
    /// longest it may be idle over HTTP/1.
    pub head_timeout: Duration,
    /// Longest time in which nothing of a body may come that somebody waits for.
    pub body_idle_timeout: Duration,
    /// Longest time in which a client may take nothing of an answer that waits for it.
    pub write_timeout: Duration,
    /// How long, after the end was asked for, connections and requests are still taken, while clients are told to go
    /// elsewhere: over HTTP/1 by `Connection: close`, over HTTP/2 by GOAWAY.
    pub linger: Duration,
    /// Longest time that requests in hand may take after that.
    pub drain_timeout: Duration,
    /// Bytes of a request's fields, over HTTP/1 with the request line.
    pub head_bytes_max: usize,
    /// Bytes of a request's target.
    pub uri_bytes_max: usize,
    /// The proxies that are believed when they say whom they were called by.
    pub trusted_proxies: Arc<[IpNet]>,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            connections_per_network_max: 256,
            head_timeout: Duration::from_secs(15),
            body_idle_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            linger: Duration::ZERO,
            drain_timeout: Duration::from_secs(30),
            head_bytes_max: 32 * 1024,
            uri_bytes_max: 8 * 1024,
            trusted_proxies: Arc::default(),
        }
    }
}

impl ListenerOptions {
    /// The product's own processes may add some fields to what a client has sent.
    fn head_limits(&self, is_public: bool) -> HeadLimits {
        let (bytes, fields_max) =
            if is_public { (0, PUBLIC_FIELDS_MAX) } else { (ADDED_BYTES_MAX, FIELDS_MAX) };
        let head_bytes_max = self.head_bytes_max + bytes;
        HeadLimits { head_bytes_max, uri_bytes_max: self.uri_bytes_max, fields_max }
    }
}

/// Address of the client, among a request's extensions: of its end of the connection, or what a trusted proxy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// How the client reached the product, here or at a trusted proxy, among the extensions of a public request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientScheme {
    /// Plainly.
    Http,
    /// By TLS.
    Https,
}

/// A port and what is behind it.
pub(crate) struct Door {
    name: &'static str,
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    is_public: bool,
}

impl Door {
    /// For strangers.
    pub(crate) fn public(listener: TcpListener, router: Router, tls: Option<Tls>) -> Self {
        Self { name: "public", listener, router, tls, is_public: true }
    }

    /// For the operators.
    pub(crate) fn admin(listener: TcpListener, router: Router) -> Self {
        Self { name: "admin", listener, router, tls: None, is_public: false }
    }

    /// For the product's other processes.
    pub(crate) fn internal(listener: TcpListener, router: Router, tls: Option<Tls>) -> Self {
        Self { name: "internal", listener, router, tls, is_public: false }
    }

    /// What answers there.
    pub(crate) fn router(&self) -> &Router {
        &self.router
    }
}

/// What the connections of one door share.
struct Server {
    name: &'static str,
    router: Router,
    tls: Option<Tls>,
    is_public: bool,
    options: ListenerOptions,
    limits: HeadLimits,
    builder: auto::Builder<TokioExecutor>,
    metrics: ListenerMetrics,
}

/// Serves until `stop` and as long as it lingers, then finishes the requests in hand.
pub(crate) async fn serve(
    door: Door,
    options: ListenerOptions,
    metrics: ListenerMetrics,
    stop: CancellationToken,
) {
    let Door { name, listener, router, tls, is_public } = door;
    if let Some(tls) = &tls {
        tokio::spawn(tls.clone().watch(name, metrics.clone(), stop.clone()));
    }
    let slots = Arc::new(Semaphore::new(options.connections_max));
    let networks = Networks::new(options.connections_per_network_max);
    let ending = Ending::new();
    let limits = options.head_limits(is_public);
    let builder = connection_builder(&options, limits);
    let server = Arc::new(Server { name, router, tls, is_public, options, limits, builder, metrics });
    let left = async {
        stop.cancelled().await;
        ending.leave();
        tokio::time::sleep(server.options.linger).await;
    };
    tokio::pin!(left);
    loop {
        let accepted = tokio::select! {
            () = &mut left => break,
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
        let is_bounded = is_public && !is_trusted(address.ip(), &server.options.trusted_proxies);
        let place = is_bounded.then(|| networks.enter(address.ip()));
        if matches!(place, Some(None)) {
            server.metrics.cut(name, "network");
            continue;
        }
        let open = server.metrics.open(name);
        let connection = Arc::new(Connection::new(Arc::clone(&server), address, ending.watch()));
        tokio::spawn(async move {
            connection.run(stream).await;
            drop((slot, place, open));
        });
    }
    drop(listener);
    if tokio::time::timeout(server.options.drain_timeout, ending.end()).await.is_err() {
        tracing::warn!("some requests were cut off at the end of the drain");
    }
}

fn connection_builder(options: &ListenerOptions, limits: HeadLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    http1.timer(TokioTimer::new()).header_read_timeout(options.head_timeout);
    http1.max_buf_size(BUFFER_BYTES_MAX.max(2 * limits.head_bytes_max));
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
    http2.keep_alive_interval(PING_INTERVAL).keep_alive_timeout(PING_TIMEOUT);
    http2.max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX));
    http2.initial_stream_window_size(STREAM_WINDOW_BYTES);
    http2.initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    http2.max_send_buf_size(STREAM_SEND_BYTES_MAX);
    http2.max_pending_accept_reset_streams(RESETS_PENDING_MAX);
    http2.max_local_error_reset_streams(RESETS_FOR_FAULTS_MAX);
    builder
}

type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<Accepted> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, slot))
}
