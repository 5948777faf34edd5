//! Who follows the jobs of which account in this process, and what waits for them until they have read it.
//!
//! Waits for nobody: who reads too slowly misses something, and is told so.

mod tail;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    broadcast::{self, error::RecvError},
};

use prosopa_http::sockets;
use prosopa_model::{AccountId, JobId};
use prosopa_problem::Problem;

pub(crate) use self::tail::Tail;
use crate::{jobs::ListedJob, store::jobs::JobRow};

/// Followers in this process.
const FOLLOWERS_MAX: usize = 1_000;

/// Followers of one account in this process.
const FOLLOWERS_OF_ACCOUNT_MAX: usize = 20;

/// Changes of an account's jobs that may wait to be read.
const WAITING_MAX: usize = 256;

/// Everybody who follows something.
pub(crate) struct Followers {
    accounts: Mutex<HashMap<AccountId, Account>>,
    places: Arc<Semaphore>,
}

/// An account that somebody follows.
struct Account {
    changes: broadcast::Sender<Change>,
    followers: usize,
}

/// How a job stands now.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) job_id: JobId,
    /// Its place among all changes.
    pub(crate) number: i64,
    /// As it is told: a [`ListedJob`] in JSON.
    pub(crate) text: Utf8Bytes,
}

/// What a follower hears.
pub(crate) enum Heard {
    /// A job has changed.
    Change(Change),
    /// Some changes were left out, since others came faster than they were read.
    Gap,
}

impl Followers {
    /// Nobody yet.
    pub(crate) fn new() -> Self {
        Self { accounts: Mutex::default(), places: Arc::new(Semaphore::new(FOLLOWERS_MAX)) }
    }

    /// Follows the jobs of an account from now on.
    pub(crate) fn join(self: &Arc<Self>, account_id: AccountId) -> Result<Follower, Problem> {
        let place = sockets::take_place(&self.places)?;
        let mut accounts = self.accounts();
        let account = accounts
            .entry(account_id)
            .or_insert_with(|| Account { changes: broadcast::Sender::new(WAITING_MAX), followers: 0 });
        if account.followers >= FOLLOWERS_OF_ACCOUNT_MAX {
            return Err(sockets::too_many("too many sockets of this account are open"));
        }
        account.followers += 1;
        let changes = account.changes.subscribe();
        Ok(Follower { followers: Arc::clone(self), account_id, changes, _place: place })
    }

    /// Tells how jobs stand to those who follow their accounts.
    pub(crate) fn tell(&self, rows: Vec<JobRow>) -> Result<(), serde_json::Error> {
        for row in rows {
            let changes = self.accounts().get(&row.account_id).map(|account| account.changes.clone());
            let Some(changes) = changes else { continue };
            let (job_id, number) = (row.job_id, row.change_number);
            let text = serde_json::to_string(&ListedJob::from(row))?.into();
            // The last follower may just have gone.
            let _ = changes.send(Change { job_id, number, text });
        }
        Ok(())
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<AccountId, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One follower, who stops following when this is dropped.
pub(crate) struct Follower {
    followers: Arc<Followers>,
    account_id: AccountId,
    changes: broadcast::Receiver<Change>,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// Whose jobs are followed.
    pub(crate) const fn account_id(&self) -> AccountId {
        self.account_id
    }

    /// Waits for what happens next; none if nothing ever does.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        match self.changes.recv().await {
            Ok(change) => Some(Heard::Change(change)),
            Err(RecvError::Lagged(_)) => Some(Heard::Gap),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut accounts = self.followers.accounts();
        if let Some(account) = accounts.get_mut(&self.account_id) {
            account.followers -= 1;
            if account.followers == 0 {
                accounts.remove(&self.account_id);
            }
        }
    }
}
