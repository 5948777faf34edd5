//! `GET /api/v1/auth/registrations/{id}/events`: a WebSocket (RFC 6455) that tells where a registration stands, at once and
//! whenever that changes, until it has ended.

use std::{ops::ControlFlow, time::Duration};

use axum::{
    extract::{
        self,
        ws::{Message, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use http::HeaderMap;
use secrecy::SecretString;
use tokio::time::{Instant, timeout};

use prosopa_http::{
    PathId,
    sockets::{self, Bounds, Ending, PING_PERIOD, send},
};
use prosopa_jobs::JobStatus;
use prosopa_model::{RegistrationId, id};
use prosopa_problem::Problem;

use super::registrations::{RegistrationProgress, bearer_secret};
use crate::{registrations, state::State};

/// Longest message of a client, bytes: a secret.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Longest time until the secret comes, where no header brought it.
const SECRET_WAIT: Duration = Duration::from_secs(10);

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(15);

/// Longest time between two looks at the place in the queue, which changes without a bell.
const POSITION_LOOK: Duration = Duration::from_secs(1);

/// Longest life of a socket; whoever still waits then may come again.
const LIFE: Duration = Duration::from_secs(600);

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
    let upgrade = sockets::accept(upgrade, MESSAGE_BYTES_MAX)?;
    let place = sockets::take_place(&state.sockets)?;
    let bounds = Bounds { life: LIFE, stop: state.shutdown.clone(), caller: None };
    Ok(upgrade.on_upgrade(async move |socket| {
        let _place = place;
        let mut follower = Follower { state, id, socket };
        let ending = bounds.hold(Box::pin(follower.talk(secret))).await;
        sockets::close(follower.socket, ending).await;
    }))
}

/// One open socket.
struct Follower {
    state: State,
    id: RegistrationId,
    socket: WebSocket,
}

impl Follower {
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
                send(&mut self.socket, Message::Text(text.clone().into())).await?;
                told = Some(text);
            }
            if is_done {
                return Some((close_code::NORMAL, "the registration has ended"));
            }
            if pinged.elapsed() >= PING_PERIOD {
                pinged = Instant::now();
                send(&mut self.socket, Message::Ping(Vec::new().into())).await?;
            }
            let look = if status == JobStatus::Queued { POSITION_LOOK } else { LOOK };
            let jobs = self.state.jobs.clone();
            let waited = sockets::hear_until(&mut self.socket, jobs.wait(job_id, look)).await;
            if let ControlFlow::Break(()) = waited {
                return None;
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
}
