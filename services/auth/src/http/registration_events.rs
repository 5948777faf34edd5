//! `GET /api/v1/auth/registrations/{id}/events`: a WebSocket (RFC 6455) that tells where a registration stands, at once and
//! whenever that changes, until it has ended.

use std::{ops::ControlFlow, time::Duration};

use axum::{
    extract::{
        self,
        ws::{
            CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code,
            rejection::WebSocketUpgradeRejection,
        },
    },
    response::Response,
};
use http::HeaderMap;
use secrecy::SecretString;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout},
};

use prosopa_http::PathId;
use prosopa_jobs::JobStatus;
use prosopa_model::{RegistrationId, id};
use prosopa_problem::{Code, Problem};

use super::registrations::{RegistrationProgress, bearer_secret};
use crate::{registrations, state::State};

/// Longest message of a client, bytes: a secret.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Longest time until the secret comes, where no header brought it.
const SECRET_WAIT: Duration = Duration::from_secs(10);

/// Time between two looks, and between two pings of a connection on which nothing happens.
const LOOK: Duration = Duration::from_secs(15);

/// Longest time between two looks at the place in the queue, which changes without a bell.
const POSITION_LOOK: Duration = Duration::from_secs(1);

/// Longest life of a socket; whoever still waits then may come again.
const LIFE: Duration = Duration::from_secs(600);

/// Longest time that a message may take to leave.
const SEND_WAIT: Duration = Duration::from_secs(10);

/// Takes the connection over. Who brings the secret as a bearer token is refused at once if it is wrong; a page, which
/// cannot, sends it as its first message.
pub(super) async fn follow(
    extract::State(state): extract::State<State>,
    PathId(id): PathId<id::Registration>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let secret = bearer_secret(&headers);
    if let Some(secret) = &secret {
        registrations::find(&state, id, secret).await?;
    }
    let upgrade = upgrade
        .map_err(|error| Problem::new(Code::MalformedRequest).with_detail(error.to_string()))?
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX);
    let permit = state.sockets.clone().try_acquire_owned().map_err(|_| {
        Problem::new(Code::Overloaded)
            .with_detail("too many sockets are open")
            .with_retry_after(Duration::from_secs(5))
    })?;
    Ok(upgrade.on_upgrade(move |socket| Follower { state, id, socket, _permit: permit }.serve(secret)))
}

/// One open socket.
struct Follower {
    state: State,
    id: RegistrationId,
    socket: WebSocket,
    _permit: OwnedSemaphorePermit,
}

/// Why a socket is closed: a status code (RFC 6455 section 7.4) and a sentence.
type Ending = (u16, &'static str);

impl Follower {
    async fn serve(mut self, secret: Option<SecretString>) {
        let stop = self.state.shutdown.clone();
        let ending = tokio::select! {
            ending = self.talk(secret) => ending,
            () = tokio::time::sleep(LIFE) => Some((close_code::AWAY, "come again")),
            () = stop.cancelled() => Some((close_code::RESTART, "the server is stopping")),
        };
        let Some((code, reason)) = ending else { return };
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        // Whoever does not read it is gone.
        let _ = timeout(SEND_WAIT, self.socket.send(close)).await;
    }

    /// Tells until there is nothing more to tell; none once the client has gone.
    async fn talk(&mut self, secret: Option<SecretString>) -> Option<Ending> {
        let secret = match secret {
            Some(secret) => secret,
            None => match self.receive_secret().await {
                Ok(secret) => secret,
                Err(ending) => return ending,
            },
        };
        let mut told: Option<String> = None;
        let mut pinged = Instant::now();
        loop {
            let Ok(progress) = registrations::find(&self.state, self.id, &secret).await else {
                return Some((close_code::POLICY, "there is no such registration"));
            };
            let (job_id, status) = (progress.job.id, progress.job.status);
            let position = match status {
                JobStatus::Queued => self.state.jobs.count_ahead(job_id).await.ok().flatten(),
                _ => None,
            };
            let is_done = status.is_finished();
            let progress = RegistrationProgress::new(self.id, progress, position);
            let text = serde_json::to_string(&progress).ok()?;
            if told.as_ref() != Some(&text) {
                self.send(Message::Text(text.clone().into())).await?;
                told = Some(text);
            }
            if is_done {
                return Some((close_code::NORMAL, "the registration has ended"));
            }
            if pinged.elapsed() >= LOOK {
                pinged = Instant::now();
                self.send(Message::Ping(Vec::new().into())).await?;
            }
            let look = if status == JobStatus::Queued { POSITION_LOOK } else { LOOK };
            let jobs = self.state.jobs.clone();
            tokio::select! {
                _ = jobs.wait(job_id, look) => {}
                ControlFlow::Break(()) = self.hear() => return None,
            }
        }
    }

    /// The first message: the secret and nothing else.
    async fn receive_secret(&mut self) -> Result<SecretString, Option<Ending>> {
        let first = timeout(SECRET_WAIT, async {
            loop {
                match self.socket.recv().await {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => return other,
                }
            }
        });
        match first.await {
            Ok(Some(Ok(Message::Text(secret)))) => Ok(secret.as_str().trim().to_owned().into()),
            Ok(Some(Ok(Message::Close(_))) | None) => Err(None),
            Ok(_) => Err(Some((close_code::POLICY, "the first message is the registration's secret"))),
            Err(_) => Err(Some((close_code::POLICY, "the registration's secret did not come"))),
        }
    }

    /// Listens until the client goes or says what nobody asked for.
    async fn hear(&mut self) -> ControlFlow<()> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return ControlFlow::Break(()),
            }
        }
    }

    async fn send(&mut self, message: Message) -> Option<()> {
        timeout(SEND_WAIT, self.socket.send(message)).await.ok()?.ok()
    }
}
