//! All plans and assignments in memory, kept up to date by asking for what has changed.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use prosopa_model::{Credential, PlanName, Principal, RateLimit, Timestamp};
use prosopa_store::{Database, Error};

use super::{Known, Plan, PlanDefinition};
use crate::{
    ledger::Purse,
    store::{
        assignments::{self, AssignmentRow},
        changes, plans,
    },
};

/// Time between two looks: what is changed in one process holds in every other within a second.
const LOOK: Duration = Duration::from_millis(500);

/// Assignments that are read at a time.
const PAGE: usize = 1_000;

/// Plans and assignments, of which every process has a copy.
pub(crate) struct PlanBook {
    database: Database,
    rate: RateLimit,
    book: RwLock<Book>,
    /// Only one look at a time, so that an older one never replaces a newer one.
    looking: tokio::sync::Mutex<()>,
}

/// The copy.
pub(crate) struct Book {
    version: i64,
    default: Arc<Plan>,
    plans: HashMap<Arc<str>, Entry>,
    assignments: HashMap<Uuid, Assignment>,
}

/// A plan that was defined by an administrator.
#[derive(Clone)]
pub(crate) struct Entry {
    /// As it was written.
    pub(crate) definition: PlanDefinition,
    /// When.
    pub(crate) updated_at: Timestamp,
    plan: Arc<Plan>,
}

struct Assignment {
    /// Shared with the plan, where it is known.
    plan: Arc<str>,
    billing_anchor: Timestamp,
}

/// The plan that applies to a caller, and whose counters it charges.
pub(crate) struct Applied {
    /// The plan.
    pub(crate) plan: Arc<Plan>,
    /// The counters.
    pub(crate) purse: Purse,
    /// Whether the caller has a plan that is not known here, for which the default one stands.
    pub(crate) is_missing: bool,
}

impl PlanBook {
    /// Reads everything; `rate` is that of plans that say none.
    pub(crate) async fn open(database: Database, default: Plan, rate: RateLimit) -> Result<Self, Error> {
        let default = Arc::new(default);
        let book = Book { version: 0, default, plans: HashMap::new(), assignments: HashMap::new() };
        let looking = tokio::sync::Mutex::default();
        let book = Self { database, rate, book: RwLock::new(book), looking };
        book.refresh().await?;
        Ok(book)
    }

    /// Looks at the copy.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&Book) -> R) -> R {
        look(&self.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks for changes now and then until `stop`; to be supervised. While the database is lost, the copy holds.
    pub(crate) async fn watch(&self, stop: CancellationToken) {
        let mut is_lost = false;
        while !stop.is_cancelled() {
            match self.refresh().await {
                Ok(()) => is_lost = false,
                Err(error) if is_lost => tracing::debug!(%error, "plans cannot be read"),
                Err(error) => {
                    is_lost = true;
                    tracing::warn!(%error, "plans cannot be read; the last known ones hold");
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Takes over what has changed.
    pub(crate) async fn refresh(&self) -> Result<(), Error> {
        let _looking = self.looking.lock().await;
        let known = self.with(|book| book.version);
        let mut connection = self.database.read().await?;
        // Read first: what is committed behind it is seen again by the next look.
        let version = changes::find_version(&mut connection).await?;
        if version == known {
            return Ok(());
        }
        let plans = plans::list_changed(&mut connection, known).await?;
        // Plans that are new come before who has them, those that are gone go after: nobody is without one meanwhile.
        let mut gone = Vec::new();
        self.change(|book| {
            for row in plans {
                match row.definition.and_then(|text| self.read(&row.name, &text, row.updated_at)) {
                    Some(entry) => drop(book.plans.insert(row.name.into(), entry)),
                    None => gone.push(row.name),
                }
            }
        });
        let mut position = (known, Uuid::max());
        loop {
            let rows = assignments::list_changed(&mut connection, position, PAGE).await?;
            let Some(last) = rows.last() else { break };
            position = (last.version, last.subject_id);
            self.change(|book| rows.into_iter().for_each(|row| book.take_assignment(row)));
        }
        self.change(|book| {
            for name in &gone {
                book.plans.remove(name.as_str());
            }
            book.version = version;
        });
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.book.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// A plan that a newer program has written may not be understood; the default one then holds for who has it.
    fn read(&self, name: &str, text: &str, updated_at: Timestamp) -> Option<Entry> {
        let definition = serde_json::from_str::<PlanDefinition>(text);
        // A weight may name an operation that is gone by now.
        let known = Known { operations: None, rate: self.rate };
        let read = definition.map_err(|error| error.to_string()).and_then(|definition| {
            let plan = definition.check(name, &known).map_err(|error| error.to_string())?;
            Ok(Entry { definition, updated_at, plan: Arc::new(plan) })
        });
        read.inspect_err(|error| tracing::error!(plan = name, %error, "a plan is not understood")).ok()
    }
}

impl Book {
    fn take_assignment(&mut self, row: AssignmentRow) {
        let Some(name) = row.plan else {
            self.assignments.remove(&row.subject_id);
            return;
        };
        let known = self.plans.get_key_value(&*name).map(|(known, _)| Arc::clone(known));
        let plan = known.unwrap_or_else(|| name.into());
        self.assignments.insert(row.subject_id, Assignment { plan, billing_anchor: row.billing_anchor });
    }

    /// The plan of everybody who has none of their own.
    pub(crate) const fn default_plan(&self) -> &Arc<Plan> {
        &self.default
    }

    /// A plan that was defined.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        self.plans.get(name)
    }

    /// The names of those that were defined, in order.
    pub(crate) fn list(&self) -> Vec<(&str, &Entry)> {
        let mut plans: Vec<_> = self.plans.iter().map(|(name, entry)| (&**name, entry)).collect();
        plans.sort_unstable_by_key(|(name, _)| *name);
        plans
    }

    /// The plan for a caller: of its key or client, else of its user (an assignment here, else what its principal says),
    /// else of its account, else the default.
    ///
    /// A key or client with a plan of its own has counters of its own; all others charge the account, so that minting
    /// them gives no quota.
    pub(crate) fn select(&self, principal: &Principal) -> Applied {
        let account_id = principal.account_id.uuid();
        let program_id = match principal.credential {
            Credential::ApiKey(id) => Some(id.uuid()),
            Credential::Client(id) => Some(id.uuid()),
            Credential::Session(_) => None,
        };
        let of_program = program_id.and_then(|id| Some((id, self.assigned(id)?)));
        let of_account = |given| (account_id, given);
        let given = of_program
            .or_else(|| self.assigned(principal.user_id.uuid()).map(of_account))
            .or_else(|| principal.plan.as_ref().map(Given::by_principal).map(of_account))
            .or_else(|| self.assigned(account_id).map(of_account));
        let Some((holder_id, given)) = given.filter(|(_, given)| *given.plan != *self.default.name) else {
            return self.select_default(principal);
        };
        match self.plans.get(given.plan) {
            Some(Entry { plan, .. }) => {
                let purse = plan.purse(holder_id, given.billing_anchor);
                Applied { plan: Arc::clone(plan), purse, is_missing: false }
            }
            None => Applied { is_missing: true, ..self.select_default(principal) },
        }
    }

    fn assigned(&self, subject_id: Uuid) -> Option<Given<'_>> {
        let Assignment { plan, billing_anchor } = self.assignments.get(&subject_id)?;
        Some(Given { plan, billing_anchor: *billing_anchor })
    }

    fn select_default(&self, principal: &Principal) -> Applied {
        let account_id = principal.account_id.uuid();
        let purse = match principal.requests_per_day_max {
            Some(granted) => self.default.purse_granted(account_id, granted),
            None => self.default.purse(account_id, Timestamp::default()),
        };
        Applied { plan: Arc::clone(&self.default), purse, is_missing: false }
    }
}

/// The plan that somebody is said to have.
struct Given<'a> {
    plan: &'a str,
    billing_anchor: Timestamp,
}

impl<'a> Given<'a> {
    /// Billing months then are those of the calendar.
    fn by_principal(name: &'a PlanName) -> Self {
        Self { plan: name.as_str(), billing_anchor: Timestamp::default() }
    }
}
