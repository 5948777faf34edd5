//! One connection: the handshake, its requests, and what ends it.

use std::{
    convert::Infallible,
    future,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::response::Response;
use http::{HeaderValue, Request, Version, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Notify,
};
use tokio_io_timeout::TimeoutWriter;
use tower::ServiceExt;

use prosopa_problem::{Code, Problem};

use super::{
    ClientScheme, PeerAddress, Server,
    body::bound_silence,
    ending::Ended,
    forwarded::take_origin,
    gate::{check, is_upgrade_denied, is_web_socket, render},
    strict::{Refusal, STAND_IN_METHOD, Strict},
    tls::ClientCertificate,
};

/// Requests that a client may take back before they are answered, above those that it lets be answered.
///
/// Over HTTP/2 a request that is taken back costs the client next to nothing and leaves room for another one at once
/// (rapid reset), so that the bound on requests in hand bounds nothing. Whoever leaves a page takes back what is in hand.
const TAKEN_BACK_MAX: usize = 256;

/// One client's connection.
pub(super) struct Connection {
    server: Arc<Server>,
    address: SocketAddr,
    certificate: OnceLock<ClientCertificate>,
    refusal: Refusal,
    arrived: Notify,
    answered: AtomicUsize,
    taken_back: AtomicUsize,
    flooded: Notify,
    /// Told of each request over HTTP/2.
    multiplexed: Notify,
    ended: Ended,
}

impl Connection {
    pub(super) fn new(server: Arc<Server>, address: SocketAddr, ended: Ended) -> Self {
        Self {
            server,
            address,
            certificate: OnceLock::new(),
            refusal: Refusal::default(),
            arrived: Notify::new(),
            answered: AtomicUsize::new(0),
            taken_back: AtomicUsize::new(0),
            flooded: Notify::new(),
            multiplexed: Notify::new(),
            ended,
        }
    }

    /// Until its end.
    pub(super) async fn run(self: Arc<Self>, stream: TcpStream) {
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.server.options.write_timeout));
        let reason = tokio::select! {
            () = Arc::clone(&self).talk(Box::pin(stream)) => return,
            () = is_silent(&self.arrived, self.server.options.head_timeout) => "no_request",
            () = self.flooded.notified() => "taken_back",
        };
        tracing::debug!(reason, "connection cut");
        self.server.metrics.cut(self.server.name, reason);
    }

    async fn talk<S>(self: Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(tls) = &self.server.tls else { return self.answer_all(stream).await };
        let accepted = tokio::select! {
            // Nothing is in hand yet.
            () = self.ended.ended() => return,
            accepted = tls.acceptor().accept(stream) => accepted,
        };
        match accepted {
            Ok(stream) => {
                if let Some(certificate) = ClientCertificate::of(stream.get_ref().1.peer_certificates()) {
                    // Nobody else sets it.
                    let _ = self.certificate.set(certificate);
                }
                self.answer_all(stream).await;
            }
            Err(error) => {
                tracing::debug!(%error, "no TLS");
                self.server.metrics.cut(self.server.name, "no_tls");
            }
        }
    }

    async fn answer_all<S>(self: Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = Strict::new(stream, self.server.limits, Arc::clone(&self.refusal));
        let answering = Arc::clone(&self);
        let service = hyper::service::service_fn(move |request| Arc::clone(&answering).answer(request));
        let connection = self.server.builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = Box::pin(connection.into_owned());
        let outcome = tokio::select! {
            biased;
            outcome = connection.as_mut() => outcome,
            () = self.is_to_end() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "connection ended");
        }
    }

    /// Waits until the client is to be told that no further request is taken here.
    ///
    /// HTTP/2 can say so at any time (GOAWAY). Over HTTP/1 an answer says it; a connection that is closed without one may be
    /// met by a request that is on its way, so that is left to the end.
    async fn is_to_end(&self) {
        self.ended.left().await;
        tokio::select! {
            () = self.ended.ended() => {}
            () = self.multiplexed.notified() => {}
        }
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response, Infallible> {
        let in_hand = InHand::begin(&self);
        let (mut parts, body) = request.into_parts();
        let is_http_1 = parts.version < Version::HTTP_2;
        if !is_http_1 {
            self.multiplexed.notify_one();
        }
        let (response, is_last) = match self.check(&mut parts) {
            Err(problem) => (render(&problem), true),
            Ok(()) => {
                let asks_for_upgrade = is_http_1 && is_web_socket(&parts.headers);
                let is_public = self.server.is_public;
                let silence_max = is_public.then_some(self.server.options.body_idle_timeout);
                let (body, body_end) = bound_silence(body, silence_max);
                let request = Request::from_parts(parts, body);
                let Ok(response) = self.server.router.clone().oneshot(request).await;
                if body_end.is_broken() {
                    // The answer is nobody's.
                    return Ok(response);
                }
                if body_end.is_silent() {
                    self.server.metrics.cut(self.server.name, "body_idle");
                    (render(&Problem::new(Code::RequestTimeout)), true)
                } else {
                    let is_last = is_upgrade_denied(asks_for_upgrade, response.status());
                    (response, is_last)
                }
            }
        };
        in_hand.end();
        let is_last = is_last || self.ended.is_left();
        Ok(if is_last && is_http_1 { last(response) } else { response })
    }

    /// Refuses what no route may be asked; tells the routes who asks.
    fn check(&self, parts: &mut http::request::Parts) -> Result<(), Problem> {
        if parts.method.as_str() == STAND_IN_METHOD
            && let Some(fault) = self.refusal.get()
        {
            return Err(Problem::from(*fault));
        }
        check(parts, self.server.limits)?;
        if !self.server.is_public {
            parts.extensions.insert(PeerAddress(self.address));
            return Ok(());
        }
        let scheme = if self.server.tls.is_some() { ClientScheme::Https } else { ClientScheme::Http };
        let trusted = &self.server.options.trusted_proxies;
        let (client, scheme) = take_origin(&mut parts.headers, trusted, self.address, scheme);
        parts.extensions.insert(PeerAddress(client));
        parts.extensions.insert(scheme);
        // A proxy's certificate is not its clients'.
        if let Some(certificate) = self.certificate.get().filter(|_| client == self.address) {
            parts.extensions.insert(*certificate);
        }
        Ok(())
    }

    fn note_taken_back(&self) {
        let taken_back = self.taken_back.fetch_add(1, Ordering::Relaxed);
        if self.server.is_public && taken_back >= TAKEN_BACK_MAX + self.answered.load(Ordering::Relaxed) {
            self.flooded.notify_one();
        }
    }
}

/// The answer after which the connection ends.
fn last(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A request between its arrival and its answer.
struct InHand<'a> {
    connection: &'a Connection,
    is_answered: bool,
}

impl<'a> InHand<'a> {
    fn begin(connection: &'a Connection) -> Self {
        connection.arrived.notify_one();
        Self { connection, is_answered: false }
    }

    fn end(mut self) {
        self.is_answered = true;
        self.connection.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.connection.note_taken_back();
        }
    }
}

/// Ends when the first request has not arrived within `limit`; otherwise never.
///
/// The server's own timer starts only after it knows which HTTP it is, which a client can put off for ever.
async fn is_silent(arrived: &Notify, limit: Duration) {
    if tokio::time::timeout(limit, arrived.notified()).await.is_ok() {
        future::pending().await
    }
}
