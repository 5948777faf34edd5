//! The gateway's own part of the API: quotas and plans.

mod assignments;
mod plans;
mod quota;

use std::sync::Arc;

use prosopa_http::Endpoints;
use prosopa_model::Clock;
use prosopa_problem::{Code, Problem};
use prosopa_store::Database;

use crate::plans::{EditError, Editor, Known, PlanBook};

/// What handlers may touch.
#[derive(Clone)]
pub(crate) struct State {
    /// Where plans are kept.
    pub(crate) database: Database,
    /// This process's copy of them.
    pub(crate) book: Arc<PlanBook>,
    /// What definitions may refer to.
    pub(crate) known: Arc<Known>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

impl State {
    fn editor(&self) -> Editor<'_> {
        Editor { database: &self.database, book: &self.book, known: &self.known, clock: &*self.clock }
    }
}

/// Every route.
pub(crate) fn endpoints() -> Endpoints<State> {
    quota::endpoints().merge(plans::endpoints()).merge(assignments::endpoints())
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Definition(error) => {
                let problem = Self::new(Code::ValidationFailed);
                error
                    .0
                    .into_iter()
                    .fold(problem, |problem, (pointer, detail)| problem.with_error(pointer, detail))
            }
            // The path names something that cannot be.
            EditError::Name(error) => Self::new(Code::ValidationFailed).with_detail(error.to_string()),
            EditError::TooMany => Self::new(Code::ValidationFailed).with_detail(error.to_string()),
            EditError::ReadOnly => Self::new(Code::PlanReadOnly),
            EditError::InUse(count) => {
                Self::new(Code::PlanInUse).with_detail(error.to_string()).with_member("assignments", count)
            }
            EditError::NoPlan | EditError::NoAssignment => {
                Self::new(Code::NotFound).with_detail(error.to_string())
            }
            EditError::Store(error) => error.into(),
        }
    }
}
