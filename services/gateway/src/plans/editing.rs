//! Changes of plans and assignments by administrators. A change holds in this process once it is answered, in every other
//! within a second.

use uuid::Uuid;

use prosopa_model::{
    AccountId, ApiClientId, ApiKeyId, Clock, PlanName, Timestamp, UserId, plan_name::NoPlanName,
};
use prosopa_store::{Database, Tx};

use super::{DefinitionError, Known, PlanBook, PlanDefinition};
use crate::store::{
    assignments::{self, AssignmentRow},
    changes::count_change,
    plans::{self, PlanRow},
};

/// Plans beside the default.
const PLANS_MAX: i64 = 10_000;

/// Why something is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// Some values make no sense.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A plan cannot be named so.
    #[error(transparent)]
    Name(#[from] NoPlanName),
    /// There are too many plans.
    #[error("there are {PLANS_MAX} plans")]
    TooMany,
    /// The default plan is made by the configuration.
    #[error("the plan is made by the configuration")]
    ReadOnly,
    /// Somebody has the plan.
    #[error("{0} have the plan")]
    InUse(i64),
    /// There is no such plan.
    #[error("there is no such plan")]
    NoPlan,
    /// The subject has no plan of its own.
    #[error("the subject has no plan of its own")]
    NoAssignment,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
}

/// Who may have a plan: an account, a user, a key or a client.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    id: Uuid,
    text: String,
}

impl Subject {
    /// The subject with this id; none if it is of another kind.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let account = text.parse().map(AccountId::uuid).ok();
        let user = || text.parse().map(UserId::uuid).ok();
        let key = || text.parse().map(ApiKeyId::uuid).ok();
        let client = || text.parse().map(ApiClientId::uuid).ok();
        let id = account.or_else(user).or_else(key).or_else(client)?;
        Some(Self { id, text: text.to_owned() })
    }

    /// The id without its kind.
    pub(crate) const fn id(&self) -> Uuid {
        self.id
    }
}

/// What changes are made with.
pub(crate) struct Editor<'a> {
    /// Where plans are kept.
    pub(crate) database: &'a Database,
    /// This process's copy.
    pub(crate) book: &'a PlanBook,
    /// What definitions may refer to.
    pub(crate) known: &'a Known,
    /// The time.
    pub(crate) clock: &'a dyn Clock,
}

impl Editor<'_> {
    /// Makes or replaces a plan, and says when.
    pub(crate) async fn put_plan(
        &self,
        name: &str,
        definition: &PlanDefinition,
    ) -> Result<Timestamp, EditError> {
        name.parse::<PlanName>()?;
        self.check_own(name)?;
        definition.check(name, self.known)?;
        let text = serde_json::to_string(definition).map_err(|error| {
            EditError::Definition(DefinitionError(vec![(String::new(), error.to_string())]))
        })?;
        let (mut tx, version) = self.begin().await?;
        if plans::count_others(&mut tx, name).await? >= PLANS_MAX {
            return Err(EditError::TooMany);
        }
        let updated_at = self.clock.now();
        let row = PlanRow { name: name.to_owned(), definition: Some(text), version, updated_at };
        plans::put(&mut tx, &row).await?;
        self.commit(tx).await?;
        Ok(updated_at)
    }

    /// Deletes a plan that nobody has.
    pub(crate) async fn delete_plan(&self, name: &str) -> Result<(), EditError> {
        self.check_own(name)?;
        let (mut tx, version) = self.begin().await?;
        if !plans::exists(&mut tx, name).await? {
            return Err(EditError::NoPlan);
        }
        match assignments::count_of_plan(&mut tx, name).await? {
            0 => {}
            count => return Err(EditError::InUse(count)),
        }
        let row = PlanRow { name: name.to_owned(), definition: None, version, updated_at: self.clock.now() };
        plans::put(&mut tx, &row).await?;
        self.commit(tx).await
    }

    /// Gives a subject a plan; its billing months begin at `billing_anchor`, else now.
    pub(crate) async fn assign(
        &self,
        subject: &Subject,
        plan: &str,
        billing_anchor: Option<Timestamp>,
    ) -> Result<AssignmentRow, EditError> {
        let (mut tx, version) = self.begin().await?;
        if self.check_own(plan).is_ok() && !plans::exists(&mut tx, plan).await? {
            return Err(EditError::NoPlan);
        }
        let now = self.clock.now();
        let row = AssignmentRow {
            subject_id: subject.id,
            subject: subject.text.clone(),
            plan: Some(plan.to_owned()),
            billing_anchor: billing_anchor.unwrap_or(now),
            version,
            updated_at: now,
        };
        assignments::put(&mut tx, &row).await?;
        self.commit(tx).await?;
        Ok(row)
    }

    /// Takes a subject's own plan back.
    pub(crate) async fn take_back(&self, subject: &Subject) -> Result<(), EditError> {
        let (mut tx, version) = self.begin().await?;
        if !assignments::take_back(&mut tx, subject.id, version, self.clock.now()).await? {
            return Err(EditError::NoAssignment);
        }
        self.commit(tx).await
    }

    /// Whoever changes something next waits for the end of this.
    async fn begin(&self) -> Result<(Tx, i64), EditError> {
        let mut tx = self.database.begin().await?;
        let version = count_change(&mut tx).await?;
        Ok((tx, version))
    }

    async fn commit(&self, tx: Tx) -> Result<(), EditError> {
        tx.commit().await?;
        // What is committed is done, though this process may hear of it only at its next look.
        if let Err(error) = self.book.refresh().await {
            tracing::warn!(%error, "plans cannot be read after a change");
        }
        Ok(())
    }

    fn check_own(&self, name: &str) -> Result<(), EditError> {
        let is_default = self.book.with(|book| &*book.default_plan().name == name);
        if is_default { Err(EditError::ReadOnly) } else { Ok(()) }
    }
}
