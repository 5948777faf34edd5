//! The table of assignments: who has which plan.

use prosopa_http::PageRequest;
use prosopa_model::{Cursor, Timestamp};
use prosopa_store::{Connection, Database, Error, Tx, affected, on_db, query, query_as, query_scalar, row};
use uuid::Uuid;

row! {
    /// An assignment as it is kept.
    pub(crate) struct AssignmentRow {
        /// The id of the account, user or key.
        pub(crate) subject_id: Uuid,
        /// The same id in its text form.
        pub(crate) subject: String,
        /// Name of the plan; none once it was taken back.
        pub(crate) plan: Option<String>,
        /// Some beginning of a billing month.
        pub(crate) billing_anchor: Timestamp,
        /// The change that made it so.
        pub(crate) version: i64,
        /// When that was.
        pub(crate) updated_at: Timestamp,
    }
}

/// Up to `limit` assignments in the order of their changes, behind that of a version and subject; also those that were
/// taken back.
pub(crate) async fn list_changed(
    connection: &mut Connection,
    (version, subject_id): (i64, Uuid),
    limit: usize,
) -> Result<Vec<AssignmentRow>, Error> {
    let select =
        "SELECT subject_id, subject, plan, billing_anchor, version, updated_at FROM quota_assignments
         WHERE (version, subject_id) > ($1, $2) ORDER BY version, subject_id LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    on_db!(connection, c => query_as::<_, AssignmentRow>(select)
        .bind(version)
        .bind(subject_id)
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// One row more than the page holds, changed last first; an empty plan means any.
pub(crate) async fn list(
    database: &Database,
    plan: &str,
    page: PageRequest,
) -> Result<Vec<AssignmentRow>, Error> {
    let select =
        "SELECT subject_id, subject, plan, billing_anchor, version, updated_at FROM quota_assignments
         WHERE plan IS NOT NULL AND ($1 = '' OR plan = $1) AND (updated_at, subject_id) < ($2, $3)
         ORDER BY updated_at DESC, subject_id DESC LIMIT $4";
    let after = page.after.unwrap_or(Cursor { created_at: Timestamp::MAX, id: Uuid::max() });
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as::<_, AssignmentRow>(select)
        .bind(plan)
        .bind(after.created_at.micros())
        .bind(after.id)
        .bind(i64::from(page.limit) + 1)
        .fetch_all(c)
        .await)
}

/// The assignment of one subject.
pub(crate) async fn find(database: &Database, subject_id: Uuid) -> Result<Option<AssignmentRow>, Error> {
    let select =
        "SELECT subject_id, subject, plan, billing_anchor, version, updated_at FROM quota_assignments
         WHERE subject_id = $1 AND plan IS NOT NULL";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as::<_, AssignmentRow>(select).bind(subject_id).fetch_optional(c).await)
}

/// How many subjects have a plan.
pub(crate) async fn count_of_plan(tx: &mut Tx, plan: &str) -> Result<i64, Error> {
    let select = "SELECT count(*) FROM quota_assignments WHERE plan = $1";
    on_db!(tx, c => query_scalar(select).bind(plan).fetch_one(c).await)
}

/// Makes or replaces the assignment of one subject.
pub(crate) async fn put(tx: &mut Tx, row: &AssignmentRow) -> Result<(), Error> {
    let upsert = "INSERT INTO quota_assignments
           (subject_id, subject, plan, billing_anchor, version, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (subject_id) DO UPDATE SET plan = excluded.plan, billing_anchor = excluded.billing_anchor,
           version = excluded.version, updated_at = excluded.updated_at";
    on_db!(tx, c => query(upsert)
        .bind(row.subject_id)
        .bind(&row.subject)
        .bind(&row.plan)
        .bind(row.billing_anchor.micros())
        .bind(row.version)
        .bind(row.updated_at.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

/// Takes the assignment of one subject back. False if it had none.
pub(crate) async fn take_back(
    tx: &mut Tx,
    subject_id: Uuid,
    version: i64,
    now: Timestamp,
) -> Result<bool, Error> {
    let update = "UPDATE quota_assignments SET plan = NULL, version = $2, updated_at = $3
         WHERE subject_id = $1 AND plan IS NOT NULL";
    let count = on_db!(tx, c => query(update)
        .bind(subject_id)
        .bind(version)
        .bind(now.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(count > 0)
}
