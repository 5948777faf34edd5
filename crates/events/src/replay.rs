//! Hands over again what was put aside.
//!
//! Who wants it, in whatever process, writes a request beside the letter; the running subscription looks for requests, as
//! [`replay_dead_letters`] does at once. A letter goes in the transaction of its effect, which is made as at a delivery,
//! with a line in the inbox; until then it stays.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use prosopa_model::{Clock, Timestamp};
use prosopa_store::{Database, Error, transact};

use crate::{
    metrics::RunnerMetrics,
    store::{
        consumer,
        letters::{self, Request},
    },
    subscription::{HandlerError, Subscription},
};

/// Letters read at once.
const BATCH: u32 = 100;

/// Which of a subscription's dead letters.
#[derive(Debug, Clone, Copy)]
pub enum Letters<'a> {
    /// All, those first that were said first.
    All,
    /// Those of these events.
    Of(&'a [Uuid]),
}

/// What came of letters that were handed over again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// They had their effect, and are gone.
    pub applied: u64,
    /// They had had it by a second delivery before, and are gone.
    pub repeated: u64,
    /// They are kept, with the reason.
    pub failed: u64,
}

/// What came of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Applied,
    Repeated,
    Failed,
    /// Somebody else has tried it.
    Gone,
}

/// Asks the running subscription, of this process or another, to try letters again, each once; `limit` of them at most.
///
/// It looks for requests every [`poll`](crate::RunnerConfig::poll) or so and goes by the order in which the producer said
/// the events. Gives back how many it was asked for; those that it was asked for before do not count, nor do
/// those that it has not. `now` is when it was asked.
pub async fn request_replay(
    database: &Database,
    subscription: &str,
    which: Letters<'_>,
    limit: u32,
    now: Timestamp,
) -> Result<u64, Error> {
    transact!(database, tx => {
        match which {
            Letters::All => letters::request_all(&mut tx, subscription, limit, now).await,
            Letters::Of(ids) => {
                let mut requested = 0;
                for id in ids {
                    if requested < u64::from(limit) {
                        requested += u64::from(letters::request_one(&mut tx, subscription, *id, now).await?);
                    }
                }
                Ok(requested)
            }
        }
    })
}

/// Asks for letters as [`request_replay`] does and tries here and now whatever is asked for of the subscription.
///
/// What a running subscription takes meanwhile is not counted. A database that fails ends it; what was not tried
/// stays asked for.
pub async fn replay_dead_letters(
    database: &Database,
    subscription: &Subscription,
    which: Letters<'_>,
    limit: u32,
    clock: &dyn Clock,
) -> Result<Replayed, Error> {
    request_replay(database, subscription.name, which, limit, clock.now()).await?;
    let mut replayed = Replayed::default();
    loop {
        let requests = letters::list_requests(database, subscription.name, "", BATCH).await?;
        if requests.is_empty() {
            return Ok(replayed);
        }
        for request in &requests {
            match replay_one(database, subscription, request, clock).await? {
                Outcome::Applied => replayed.applied += 1,
                Outcome::Repeated => replayed.repeated += 1,
                Outcome::Failed => replayed.failed += 1,
                Outcome::Gone => {}
            }
        }
    }
}

/// Tries again what was asked for of a producer, or of all where it is empty, up to a bound; gives back how many requests
/// there were. What came of them is counted under `name`.
pub(crate) async fn replay_requested(
    database: &Database,
    (subscription, producer): (&Subscription, &str),
    clock: &dyn Clock,
    (metrics, name): (&RunnerMetrics, &str),
    stop: &CancellationToken,
) -> Result<usize, Error> {
    let requests = letters::list_requests(database, subscription.name, producer, BATCH).await?;
    for request in requests.iter().take_while(|_| !stop.is_cancelled()) {
        match replay_one(database, subscription, request, clock).await? {
            Outcome::Applied => metrics.count(name, "applied", 1),
            Outcome::Repeated => metrics.count(name, "repeated", 1),
            Outcome::Failed => metrics.count(name, "failed", 1),
            Outcome::Gone => {}
        }
    }
    Ok(requests.len())
}

/// Tries one letter: it goes with its effect, or stays with the reason and without the request.
async fn replay_one(
    database: &Database,
    subscription: &Subscription,
    request: &Request,
    clock: &dyn Clock,
) -> Result<Outcome, Error> {
    let mut tx = database.begin().await?;
    // As at a delivery, so that a handler is never called twice at a time for one producer.
    consumer::hold_cursor(&mut tx, &subscription.cursor_of(&request.producer)).await?;
    let Some(event) = letters::take(&mut tx, subscription.name, request).await? else {
        tx.rollback().await?;
        return Ok(Outcome::Gone);
    };
    let applied = if subscription.hears(&event) {
        subscription.apply(&mut tx, &event, clock.now()).await
    } else {
        Err(HandlerError::Poison(format!("{} is not heard any more", event.topic)))
    };
    let (event_id, kind) = (event.event_id, event.kind);
    let reason = match applied {
        Ok(is_first) => {
            tx.commit().await?;
            tracing::info!(subscription = subscription.name, %event_id, kind, "event replayed");
            return Ok(if is_first { Outcome::Applied } else { Outcome::Repeated });
        }
        // The event is not to blame.
        Err(HandlerError::Store(error)) => return Err(error),
        Err(failure) => failure.to_string(),
    };
    tx.rollback().await?;
    let mut tx = database.begin().await?;
    let is_noted = letters::fail(&mut tx, subscription.name, request, &reason, clock.now()).await?;
    tx.commit().await?;
    tracing::warn!(subscription = subscription.name, %event_id, kind, reason, "event replayed in vain");
    Ok(if is_noted { Outcome::Failed } else { Outcome::Gone })
}
