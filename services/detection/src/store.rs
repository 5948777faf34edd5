//! How detections and pictures are kept: the service's SQL.

/// Where a row stands in a list that is newest first.
macro_rules! cursor_of {
    ($row:expr) => {
        prosopa_model::Cursor { created_at: $row.created_at, id: $row.id.uuid() }
    };
}

/// One page of an account's rows between two times, newest first. The statement takes the account, the start and the end of the
/// range, the time and the id of the page's predecessor, and how many, as `$1` to `$6`.
macro_rules! list_page {
    ($database:expr, $sql:expr, $account_id:expr, $request:expr) => {{
        let request: prosopa_http::ListRequest = $request;
        let (created_at, id) = $crate::store::place_of(request);
        let mut connection = $database.read().await?;
        let rows = prosopa_store::on_db!(connection, c => prosopa_store::query_as($sql)
            .bind($account_id.uuid())
            .bind(request.range.start.micros())
            .bind(request.range.end.micros())
            .bind(created_at)
            .bind(id)
            .bind(i64::from(request.page.limit) + 1)
            .fetch_all(c)
            .await)?;
        Ok(prosopa_http::Page::cut(rows, request.page.limit, |row| cursor_of!(row)))
    }};
}

/// One row of an account, by a statement that takes its id and the account as `$1` and `$2`.
macro_rules! find_row {
    ($database:expr, $sql:expr, $account_id:expr, $id:expr) => {{
        let mut connection = $database.read().await?;
        prosopa_store::on_db!(connection, c => prosopa_store::query_as($sql)
            .bind($id.uuid())
            .bind($account_id.uuid())
            .fetch_optional(c)
            .await)
    }};
}

pub(crate) mod awaited_images;
pub(crate) mod detections;
pub(crate) mod documents;
pub(crate) mod images;
pub(crate) mod matches;
pub(crate) mod verifications;

use prosopa_http::ListRequest;
use prosopa_model::{AccountId, ImageId, Timestamp};
use prosopa_store::{Error, Tx, affected, on_db, query};
use uuid::Uuid;

/// Time in microseconds and id before which a page begins.
fn place_of(request: ListRequest) -> (i64, Uuid) {
    let after = request.page.after.map(|cursor| (cursor.created_at.micros(), cursor.id));
    after.unwrap_or((Timestamp::MAX.micros(), Uuid::max()))
}

/// Deletes a row of an account, by a statement that takes its id and the account as `$1` and `$2`; false if there is none.
async fn delete_row(tx: &mut Tx, sql: &'static str, account_id: AccountId, id: Uuid) -> Result<bool, Error> {
    let deleted =
        on_db!(tx, c => query(sql).bind(id).bind(account_id.uuid()).execute(c).await.map(affected))?;
    Ok(deleted > 0)
}

/// Deletes what a statement says of a picture, which it takes as `$1`.
async fn delete_of_picture(tx: &mut Tx, sql: &'static str, image_id: ImageId) -> Result<(), Error> {
    on_db!(tx, c => query(sql).bind(image_id.uuid()).execute(c).await.map(affected))?;
    Ok(())
}
