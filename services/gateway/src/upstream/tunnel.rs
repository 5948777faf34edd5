//! A WebSocket to a service in another process (RFC 6455): the handshake is a request like others; then bytes are copied
//! both ways until one side ends, nothing moves for too long, the caller's credential has ended or this process is to end.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{BoxError, body::Body, extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use http_body::Body as _;
use hyper::{
    body::Incoming,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use prosopa_http::CallerEnded;
use prosopa_telemetry::IntGauge;

use super::{counted::Counted, headers, pool::Place};

/// What is read ahead for one direction, bytes.
const BUFFER_BYTES: usize = 8 * 1024;

/// Longest time between the answer to the handshake and the first bytes that may follow.
const SWITCH_TIMEOUT: Duration = Duration::from_secs(10);

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");

/// A WebSocket that is asked for.
pub(super) struct Wish {
    /// The client's connection.
    pub(super) client: OnUpgrade,
    /// Who is no longer served once that ends; none where anybody is.
    pub(super) caller: Option<CallerEnded>,
}

/// The client's connection, if the request asks for a WebSocket in the one way there is. All other upgrades are asked for
/// in vain.
pub(super) fn take_wish(request: &mut Request) -> Option<Wish> {
    let client = request.extensions_mut().remove::<OnUpgrade>()?;
    let is_asked = request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && request.body().is_end_stream()
        && is_switch(request.headers());
    let caller = request.extensions_mut().remove::<CallerEnded>();
    is_asked.then_some(Wish { client, caller })
}

/// Says in a head that is for the other side that the protocol is to change, or does.
pub(super) fn put_switch(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, UPGRADE);
    headers.insert(header::UPGRADE, WEBSOCKET);
}

/// Whether a head says so: `Upgrade` names nothing but `websocket`, and `Connection` names `upgrade`.
fn is_switch(headers: &HeaderMap) -> bool {
    let mut protocols = headers.get_all(header::UPGRADE).iter();
    let is_websocket =
        protocols.next().is_some_and(|name| name.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let fields = headers.get_all(header::CONNECTION).iter().filter_map(|field| field.to_str().ok());
    is_websocket
        && protocols.next().is_none()
        && fields
            .flat_map(|field| field.split(','))
            .any(|name| name.trim_ascii().eq_ignore_ascii_case("upgrade"))
}

/// What the copying goes by.
pub(super) struct Tunnel {
    pub(super) service: &'static str,
    pub(super) idle_timeout: Duration,
    pub(super) stop: CancellationToken,
    /// Who is no longer served once that ends; none where anybody is.
    pub(super) caller: Option<CallerEnded>,
    /// Those that are open.
    pub(super) open: IntGauge,
    pub(super) place: Place,
}

impl Tunnel {
    /// Answers the client that the protocol changes, as the service did, and begins to copy.
    pub(super) fn begin(
        self,
        mut answer: http::Response<Incoming>,
        client: OnUpgrade,
    ) -> Result<Response, BoxError> {
        if !is_switch(answer.headers()) {
            return Err("another protocol that nobody asked for".into());
        }
        let service = hyper::upgrade::on(&mut answer);
        headers::drop_hop_by_hop(answer.headers_mut());
        prosopa_runtime::drop_internal_headers(answer.headers_mut());
        put_switch(answer.headers_mut());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        tokio::spawn(self.run(client, service));
        Ok(response)
    }

    async fn run(self, client: OnUpgrade, service: OnUpgrade) {
        let switched = timeout(SWITCH_TIMEOUT, futures::future::try_join(client, service)).await;
        let Ok(Ok((client, service))) = switched else { return };
        let open = Counted::new(&self.open);
        let activity = Activity::new();
        let (from_client, to_client) = split(TokioIo::new(client));
        let (from_service, to_service) = split(TokioIo::new(service));
        let ended = tokio::select! {
            copied = futures::future::try_join(
                copy(from_client, to_service, &activity),
                copy(from_service, to_client, &activity),
            ) => copied.map(|_| "closed").unwrap_or("broken"),
            () = activity.cease(self.idle_timeout) => "silent",
            () = self.stop.cancelled() => "stopping",
            () = until_ended(self.caller.as_ref()) => "refused",
        };
        tracing::debug!(service = self.service, ended, "a WebSocket ends");
        drop(open);
        drop(self.place);
    }
}

/// Waits until the caller is to be served no more; for ever where that never comes.
async fn until_ended(caller: Option<&CallerEnded>) {
    match caller {
        Some(caller) => caller.ended().await,
        None => std::future::pending().await,
    }
}

/// Copies one direction until its end, and tells the other side of that.
async fn copy(
    mut from: ReadHalf<TokioIo<Upgraded>>,
    mut to: WriteHalf<TokioIo<Upgraded>>,
    activity: &Activity,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        activity.note();
        to.write_all(&buffer[..read]).await?;
        activity.note();
    }
}

/// When something moved last, either way.
struct Activity(Mutex<Instant>);

impl Activity {
    fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Waits until nothing has moved for so long.
    async fn cease(&self, limit: Duration) {
        loop {
            let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner) + limit;
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    }
}
