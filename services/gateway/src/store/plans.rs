//! The table of plans.

use prosopa_model::Timestamp;
use prosopa_store::{Connection, Error, Tx, affected, on_db, query, query_as, query_scalar, row};

row! {
    /// A plan as it is kept.
    pub(crate) struct PlanRow {
        /// Its name.
        pub(crate) name: String,
        /// Its definition, JSON; none once it was deleted.
        pub(crate) definition: Option<String>,
        /// The change that made it so.
        pub(crate) version: i64,
        /// When that was.
        pub(crate) updated_at: Timestamp,
    }
}

/// The plans that were changed after `version`, also those that were deleted.
pub(crate) async fn list_changed(connection: &mut Connection, version: i64) -> Result<Vec<PlanRow>, Error> {
    let select =
        "SELECT name, definition, version, updated_at FROM quota_plans WHERE version > $1 ORDER BY name";
    on_db!(connection, c => query_as::<_, PlanRow>(select).bind(version).fetch_all(c).await)
}

/// How many plans there are beside `name`.
pub(crate) async fn count_others(tx: &mut Tx, name: &str) -> Result<i64, Error> {
    let select = "SELECT count(*) FROM quota_plans WHERE definition IS NOT NULL AND name <> $1";
    on_db!(tx, c => query_scalar(select).bind(name).fetch_one(c).await)
}

/// Whether there is a plan of this name.
pub(crate) async fn exists(tx: &mut Tx, name: &str) -> Result<bool, Error> {
    let select = "SELECT count(*) FROM quota_plans WHERE name = $1 AND definition IS NOT NULL";
    let count: i64 = on_db!(tx, c => query_scalar(select).bind(name).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Makes, replaces or (without a definition) deletes a plan.
pub(crate) async fn put(tx: &mut Tx, row: &PlanRow) -> Result<(), Error> {
    let upsert = "INSERT INTO quota_plans (name, definition, version, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, version = excluded.version,
           updated_at = excluded.updated_at";
    on_db!(tx, c => query(upsert)
        .bind(&row.name)
        .bind(&row.definition)
        .bind(row.version)
        .bind(row.updated_at.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}
