//! The public routes.

mod job_events;
mod jobs;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use prosopa_http::Endpoints;
use prosopa_store::Database;

use crate::followers::Followers;

/// What the routes need.
#[derive(Clone)]
pub(crate) struct State {
    /// Where the list is.
    pub(crate) database: Database,
    /// Whom changes of it are told.
    pub(crate) followers: Arc<Followers>,
    /// The process is to end, and every socket with it.
    pub(crate) shutdown: CancellationToken,
}

/// Every route of the service.
pub(crate) fn endpoints() -> Endpoints<State> {
    jobs::endpoints()
}
