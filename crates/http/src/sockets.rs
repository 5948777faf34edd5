//! What every WebSocket (RFC 6455) of the product has in common: that it is asked for rightly, how it is bounded, and how it
//! ends.
//!
//! Knows nothing of what is told over one, nor of who may open it.

use std::{future::Future, ops::ControlFlow, sync::Arc, time::Duration};

use axum::extract::ws::{
    CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection,
};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use prosopa_problem::{Code, Problem};

use crate::CallerEnded;

/// Time between two pings of a connection on which nothing happens.
pub const PING_PERIOD: Duration = Duration::from_secs(15);

/// Longest time that a message may take to leave.
const SEND_WAIT: Duration = Duration::from_secs(10);

/// Why a socket is closed: a status code (RFC 6455 section 7.4) and a sentence.
pub type Ending = (u16, &'static str);

/// What ends a socket whatever is told over it.
pub struct Bounds {
    /// Its longest life; who is interested still may come again.
    pub life: Duration,
    /// The server is stopping.
    pub stop: CancellationToken,
    /// Ends with the caller's credential; none where the socket has no caller, or another process ends it.
    pub caller: Option<CallerEnded>,
}

/// Bounds what a client may send, bytes a message. What asks for no socket is refused.
pub fn accept(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    message_bytes_max: usize,
) -> Result<WebSocketUpgrade, Problem> {
    let upgrade =
        upgrade.map_err(|error| Problem::new(Code::MalformedRequest).with_detail(error.to_string()))?;
    Ok(upgrade.max_message_size(message_bytes_max).max_frame_size(message_bytes_max))
}

/// Takes one of the places for sockets, to be kept as long as the socket is open.
pub fn take_place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(places).try_acquire_owned().map_err(|_| too_many("too many sockets are open"))
}

/// The refusal of one socket more.
pub fn too_many(detail: &'static str) -> Problem {
    Problem::new(Code::Overloaded).with_detail(detail).with_retry_after(Duration::from_secs(5))
}

impl Bounds {
    /// Lets `talk` go on until it ends or these are reached; tells how it ended, nothing where the client has gone.
    pub async fn hold(self, talk: impl Future<Output = Option<Ending>>) -> Option<Ending> {
        let Self { life, stop, caller } = self;
        tokio::select! {
            biased;
            () = ended(caller) => Some((close_code::POLICY, "the credential has ended")),
            () = stop.cancelled() => Some((close_code::RESTART, "the server is stopping")),
            () = tokio::time::sleep(life) => Some((close_code::AWAY, "come again")),
            ending = talk => ending,
        }
    }
}

/// Closes with the reason, if there is one.
pub async fn close(mut socket: WebSocket, ending: Option<Ending>) {
    let Some((code, reason)) = ending else { return };
    // Whoever does not read it is gone.
    let _ = send(&mut socket, Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
}

async fn ended(caller: Option<CallerEnded>) {
    match caller {
        Some(caller) => caller.ended().await,
        None => std::future::pending().await,
    }
}

/// Sends a message; none if the client has gone or does not read.
pub async fn send(socket: &mut WebSocket, message: Message) -> Option<()> {
    timeout(SEND_WAIT, socket.send(message)).await.ok()?.ok()
}

/// Sends a JSON text as [`send`] does.
pub async fn send_json(socket: &mut WebSocket, value: &impl Serialize) -> Option<()> {
    let text = serde_json::to_string(value).ok()?;
    send(socket, Message::Text(text.into())).await
}

/// Waits for what comes first: `event`, or that the client goes or says what nobody asked for.
pub async fn hear_until<T>(socket: &mut WebSocket, event: impl Future<Output = T>) -> ControlFlow<(), T> {
    tokio::select! {
        value = event => ControlFlow::Continue(value),
        () = hear(socket) => ControlFlow::Break(()),
    }
}

async fn hear(socket: &mut WebSocket) {
    while let Some(Ok(Message::Ping(_) | Message::Pong(_))) = socket.recv().await {}
}
