//! Jobs as they are looked at.

use uuid::Uuid;

use prosopa_http::ListRequest;
use prosopa_model::{AccountId, Cursor, JobId, Timestamp};
use prosopa_store::{Database, Error, on_db, query_as};

use super::columns;
use crate::job::{JobRow, JobStatus};

/// One job, anybody's.
pub(crate) async fn find(database: &Database, id: JobId) -> Result<Option<JobRow>, Error> {
    let sql = concat!("SELECT ", columns!(), " FROM jobs WHERE id = $1");
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(id.uuid()).fetch_optional(c).await)
}

/// One row more than the page holds, newest first.
pub(crate) async fn list(
    database: &Database,
    account_id: AccountId,
    status: Option<JobStatus>,
    request: ListRequest,
) -> Result<Vec<JobRow>, Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM jobs
         WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND (created_at, id) < ($4, $5)
           AND ($6 = '' OR status = $6)
         ORDER BY created_at DESC, id DESC
         LIMIT $7"
    );
    let after = request.page.after.unwrap_or(Cursor { created_at: Timestamp::MAX, id: Uuid::max() });
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql)
        .bind(account_id.uuid())
        .bind(request.range.start.micros())
        .bind(request.range.end.micros())
        .bind(after.created_at.micros())
        .bind(after.id)
        .bind(status.map_or("", JobStatus::as_str))
        .bind(i64::from(request.page.limit) + 1)
        .fetch_all(c)
        .await)
}
