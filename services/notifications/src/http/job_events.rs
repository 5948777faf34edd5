//! `GET /api/v1/jobs/events`: a WebSocket (RFC 6455) that tells how the account's jobs stand, at once and whenever that changes.

use std::{collections::HashMap, ops::ControlFlow, time::Duration};

use axum::{
    Extension, extract,
    extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection},
    response::Response,
};
use serde::Serialize;
use tokio::time::timeout;

use prosopa_http::{
    Caller, CallerEnded,
    sockets::{self, Bounds, Ending, PING_PERIOD, send, send_json},
};
use prosopa_problem::Problem;
use prosopa_store::Database;

use super::State;
use crate::{
    followers::{Follower, Heard},
    jobs::{self, ListedJob},
};

/// Longest message of a client, bytes: none is asked for.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Longest life of a socket; whoever follows still may come again.
const LIFE: Duration = Duration::from_hours(1);

/// What is told in place of changes that were left out: the list is to be read again.
#[derive(Serialize)]
struct Resync {
    resync: bool,
}

/// Takes the connection over.
pub(super) async fn follow(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    caller: Option<Extension<CallerEnded>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = sockets::accept(upgrade, MESSAGE_BYTES_MAX)?;
    let follower = state.followers.join(principal.account_id)?;
    let caller = caller.map(|Extension(caller)| caller);
    let bounds = Bounds { life: LIFE, stop: state.shutdown, caller };
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let ending = bounds.hold(talk(&mut socket, &state.database, follower)).await;
        sockets::close(socket, ending).await;
    }))
}

/// Tells until the client has gone.
async fn talk(socket: &mut WebSocket, database: &Database, mut follower: Follower) -> Option<Ending> {
    // It follows already: what changes while the list is read is told as well, unless the list had it.
    let read = jobs::list_unfinished(database, follower.account_id()).await;
    let Ok((begun_at, unfinished)) = read else {
        return Some((close_code::ERROR, "the jobs cannot be read now"));
    };
    let mut listed = HashMap::new();
    for row in unfinished {
        listed.insert(row.job_id, row.change_number);
        send_json(socket, &ListedJob::from(row)).await?;
    }
    loop {
        match sockets::hear_until(socket, timeout(PING_PERIOD, follower.hear())).await {
            ControlFlow::Break(()) => return None,
            ControlFlow::Continue(Err(_)) => send(socket, Message::Ping(Vec::new().into())).await?,
            ControlFlow::Continue(Ok(heard)) => match heard? {
                Heard::Gap => send_json(socket, &Resync { resync: true }).await?,
                Heard::Change(change) => {
                    let known = listed.get(&change.job_id).copied().unwrap_or_default().max(begun_at);
                    if change.number > known {
                        send(socket, Message::Text(change.text)).await?;
                    }
                }
            },
        }
    }
}
