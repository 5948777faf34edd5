//! How detections and pictures are kept: the service's SQL.

/// One row more than a page holds, of an account between two times, newest first. The statement takes the account, the start
/// and the end of the range, the time and the id of the page's predecessor, and how many, as `$1` to `$6`.
macro_rules! list_page {
    ($database:expr, $sql:expr, $account_id:expr, $request:expr) => {{
        let request: prosopa_http::ListRequest = $request;
        let (created_at, id) = $crate::store::place_of(request);
        let mut connection = $database.read().await?;
        prosopa_store::on_db!(connection, c => prosopa_store::query_as($sql)
            .bind($account_id.uuid())
            .bind(request.range.start.micros())
            .bind(request.range.end.micros())
            .bind(created_at)
            .bind(id)
            .bind(i64::from(request.page.limit) + 1)
            .fetch_all(c)
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
use prosopa_model::Timestamp;
use uuid::Uuid;

/// Time in microseconds and id before which a page begins.
fn place_of(request: ListRequest) -> (i64, Uuid) {
    let after = request.page.after.map(|cursor| (cursor.created_at.micros(), cursor.id));
    after.unwrap_or((Timestamp::MAX.micros(), Uuid::max()))
}
