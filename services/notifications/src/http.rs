//! The public routes.

mod jobs;

use prosopa_http::Endpoints;
use prosopa_store::Database;

/// Every route of the service.
pub(crate) fn endpoints() -> Endpoints<Database> {
    jobs::endpoints()
}
