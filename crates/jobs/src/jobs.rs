//! One service's jobs: enqueued, waited for, called off, tried again, looked at.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, Clock, Cursor, JobId, Timestamp};
use prosopa_store::{Bell, Database, Tx};
use prosopa_telemetry::Metrics as Registry;

use crate::{
    error::{Error, SetupError},
    hook::ChangeHook,
    job::{INPUT_BYTES_MAX, JobRow, JobStatus, NewJob},
    kind::JobKind,
    metrics::Metrics,
    running::Running,
    schedule::Schedule,
    store::{self, steps::StepRow},
    waiting::Waiting,
};

/// First and longest pause between two looks at a job whose end is awaited and may come in another process.
const LOOK: Duration = Duration::from_millis(200);
const LOOK_LONGEST: Duration = Duration::from_secs(2);

/// The bell that is rung where something is to be claimed.
const QUEUED: &str = "jobs_queued";

/// What jobs are made of.
pub struct Setup<'a> {
    /// Name of the service; in the names of metrics.
    pub service: &'a str,
    /// The database with the tables of [`MIGRATION`](crate::MIGRATION).
    pub database: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The process's metrics.
    pub metrics: &'a Registry,
    /// Every kind of job that the service has.
    pub kinds: &'a [JobKind],
    /// Jobs that recur.
    pub schedules: &'a [Schedule],
    /// What is done at each change, in its transaction.
    pub hook: Option<Arc<dyn ChangeHook>>,
}

/// One service's jobs. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) kinds: BTreeMap<&'static str, JobKind>,
    /// Names of the kinds that forget their input, each between two commas.
    pub(crate) forgetful: String,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) metrics: Metrics,
    /// Rung when something was enqueued, here or in another process.
    pub(crate) wake: Bell,
    pub(crate) waiting: Waiting,
    pub(crate) running: Running,
    hook: Option<Arc<dyn ChangeHook>>,
}

impl Jobs {
    /// Checks the declarations.
    pub fn new(setup: Setup<'_>) -> Result<Self, SetupError> {
        let mut kinds = BTreeMap::new();
        for kind in setup.kinds {
            if !kind.has_valid_name() {
                return Err(SetupError::Name(kind.name));
            }
            if kind.attempts_max == 0 {
                return Err(SetupError::Wrong(kind.name));
            }
            if kinds.insert(kind.name, *kind).is_some() {
                return Err(SetupError::Twice(kind.name));
            }
        }
        for (index, schedule) in setup.schedules.iter().enumerate() {
            if setup.schedules[..index].iter().any(|other| other.name == schedule.name) {
                return Err(SetupError::Twice(schedule.name));
            }
            if !kinds.contains_key(schedule.kind) || schedule.recurrence.period < Duration::from_secs(1) {
                return Err(SetupError::Wrong(schedule.name));
            }
        }
        let forgetful = kinds.values().filter(|kind| kind.forgets_input);
        let forgetful = forgetful.fold(String::from(","), |names, kind| names + kind.name + ",");
        let inner = Inner {
            wake: setup.database.bell(QUEUED),
            database: setup.database,
            clock: setup.clock,
            kinds,
            forgetful,
            schedules: setup.schedules.to_vec(),
            metrics: Metrics::declare(setup.metrics, setup.service)?,
            waiting: Waiting::default(),
            running: Running::default(),
            hook: setup.hook,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Enqueues a job in the caller's transaction; its commit wakes the workers.
    pub async fn enqueue(&self, tx: &mut Tx, new: NewJob) -> Result<JobRow, Error> {
        let kind = self.inner.kinds.get(new.kind).ok_or_else(|| Error::UnknownKind(new.kind.to_owned()))?;
        if new.input.len() > INPUT_BYTES_MAX {
            return Err(Error::TooLarge { what: "the input", bytes_max: INPUT_BYTES_MAX });
        }
        let terms = store::queue::Terms {
            class: new.class.unwrap_or(kind.class),
            attempts_max: kind.attempts_max,
            keep_us: i64::try_from(kind.keep.as_micros()).unwrap_or(i64::MAX / 2).min(i64::MAX / 2),
        };
        let row = store::queue::insert(tx, &new, &terms, self.now()).await?;
        self.announce(tx, &row).await?;
        tx.ring_on_commit(&self.inner.wake);
        Ok(row)
    }

    /// One job, whoever's it is.
    pub async fn find(&self, id: JobId) -> Result<Option<JobRow>, Error> {
        Ok(store::listing::find(&self.inner.database, id).await?)
    }

    /// One job of an account; anybody else's is told not to exist.
    pub async fn find_of(&self, account_id: AccountId, id: JobId) -> Result<Option<JobRow>, Error> {
        Ok(self.find(id).await?.filter(|row| row.account_id == Some(account_id)))
    }

    /// One page of an account's jobs, newest first.
    pub async fn list(
        &self,
        account_id: AccountId,
        status: Option<JobStatus>,
        request: ListRequest,
    ) -> Result<Page<JobRow>, Error> {
        let rows = store::listing::list(&self.inner.database, account_id, status, request).await?;
        let position = |row: &JobRow| Cursor { created_at: row.created_at, id: row.id.uuid() };
        Ok(Page::cut(rows, request.page.limit, position))
    }

    /// The steps of a job, in the order in which they were begun last.
    pub async fn list_steps(&self, id: JobId) -> Result<Vec<StepRow>, Error> {
        Ok(store::steps::list(&self.inner.database, id).await?)
    }

    /// Calls a job of an account off: at once if it is queued; a running one is asked to end. A finished one stays as it
    /// is. None if the account has no such job.
    pub async fn cancel(&self, account_id: AccountId, id: JobId) -> Result<Option<JobRow>, Error> {
        let mut tx = self.inner.database.begin().await?;
        let Some(row) =
            store::control::cancel(&mut tx, account_id, id, &self.inner.forgetful, self.now()).await?
        else {
            drop(tx);
            return self.find_of(account_id, id).await;
        };
        self.announce(&mut tx, &row).await?;
        tx.wake_on_commit(&self.inner.waiting.bell(id));
        tx.commit().await?;
        self.inner.running.cancel(id);
        if row.status == JobStatus::Cancelled {
            self.inner.metrics.count_end(&row.kind, "cancelled");
        }
        Ok(Some(row))
    }

    /// Queues a failed or cancelled job of an account again; its finished steps stay done. Any other stays as it is.
    /// None if the account has no such job; [`Error::InputForgotten`] if it ended without its input.
    pub async fn retry(&self, account_id: AccountId, id: JobId) -> Result<Option<JobRow>, Error> {
        let mut tx = self.inner.database.begin().await?;
        let forgetful = &self.inner.forgetful;
        let Some(row) = store::control::retry(&mut tx, account_id, id, forgetful, self.now()).await? else {
            drop(tx);
            let row = self.find_of(account_id, id).await?;
            let is_forgetful =
                |row: &JobRow| self.inner.kinds.get(row.kind.as_str()).is_some_and(|kind| kind.forgets_input);
            let could_be_retried =
                |row: &JobRow| matches!(row.status, JobStatus::Failed | JobStatus::Cancelled);
            return match row {
                Some(row) if is_forgetful(&row) && could_be_retried(&row) => Err(Error::InputForgotten),
                row => Ok(row),
            };
        };
        self.announce(&mut tx, &row).await?;
        tx.ring_on_commit(&self.inner.wake);
        tx.commit().await?;
        Ok(Some(row))
    }

    /// Waits for a job's end, at most this long, and gives back how it stands then; none if there is no such job.
    ///
    /// An end in this process is noticed at once, one in another process by looking now and then.
    pub async fn wait(&self, id: JobId, timeout: Duration) -> Result<Option<JobRow>, Error> {
        let bell = self.inner.waiting.bell(id);
        let deadline = Instant::now() + timeout;
        let mut pause = LOOK;
        loop {
            let rung = bell.notified();
            tokio::pin!(rung);
            // From here on no ring is missed; what happened before is read.
            rung.as_mut().enable();
            let row = self.find(id).await?;
            if row.as_ref().is_none_or(|row| row.status.is_finished()) || Instant::now() >= deadline {
                return Ok(row);
            }
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep_until(deadline.min(Instant::now() + pause)) => {
                    pause = (pause * 3 / 2).min(LOOK_LONGEST);
                }
            }
        }
    }

    /// How many jobs are in turn before this one; none if it is not in the queue.
    pub async fn count_ahead(&self, id: JobId) -> Result<Option<u64>, Error> {
        Ok(store::queue::count_ahead(&self.inner.database, id).await?)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Tells the service of a change, in its transaction.
    pub(crate) async fn announce(&self, tx: &mut Tx, row: &JobRow) -> Result<(), prosopa_store::Error> {
        match &self.inner.hook {
            Some(hook) => hook.on_change(tx, row).await,
            None => Ok(()),
        }
    }
}
