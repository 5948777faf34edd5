//! The tables `matches` and `match_results`.

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, ImageId, MatchId, SubjectId, Timestamp};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, row};

use super::{delete_of_picture, delete_row};

row! {
    /// A match without its results.
    pub(crate) struct MatchRow {
        pub(crate) id: MatchId,
        pub(crate) created_at: Timestamp,
        pub(crate) image_id: ImageId,
        pub(crate) comparisons: u64,
        pub(crate) model_digest: String,
        /// Of the first picture.
        pub(crate) subject_id: Option<SubjectId>,
        /// Sealed.
        pub(crate) facts: Vec<u8>,
    }
}

row! {
    /// What came of one comparison.
    pub(crate) struct ResultRow {
        pub(crate) image_id: ImageId,
        pub(crate) subject_id: Option<SubjectId>,
        /// Sealed.
        pub(crate) result: Vec<u8>,
    }
}

/// A statement over matches: the columns of [`MatchRow`], then what is given.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.created_at, m.image_id, m.comparisons, m.model_digest, i.subject_id, m.facts
             FROM matches m JOIN images i ON i.id = m.image_id ",
            $rest
        )
    };
}

/// Keeps a match with its results, in their order.
pub(crate) async fn insert(
    tx: &mut Tx,
    account_id: AccountId,
    row: &MatchRow,
    results: &[ResultRow],
) -> Result<(), Error> {
    let sql = "INSERT INTO matches (id, account_id, image_id, comparisons, model_digest, facts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_db!(tx, c => query(sql)
        .bind(row.id.uuid())
        .bind(account_id.uuid())
        .bind(row.image_id.uuid())
        .bind(row.comparisons.cast_signed())
        .bind(&row.model_digest)
        .bind(row.facts.as_slice())
        .bind(row.created_at.micros())
        .execute(c)
        .await
        .map(affected))?;
    let sql = "INSERT INTO match_results (match_id, position, image_id, result) VALUES ($1, $2, $3, $4)";
    for (position, result) in (0_i64..).zip(results) {
        on_db!(tx, c => query(sql)
            .bind(row.id.uuid())
            .bind(position)
            .bind(result.image_id.uuid())
            .bind(result.result.as_slice())
            .execute(c)
            .await
            .map(affected))?;
    }
    Ok(())
}

/// One page, newest first.
pub(crate) async fn list(
    database: &Database,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<MatchRow>, Error> {
    let sql = select!(
        "WHERE m.account_id = $1 AND m.created_at >= $2 AND m.created_at < $3
           AND (m.created_at, m.id) < ($4, $5)
         ORDER BY m.created_at DESC, m.id DESC
         LIMIT $6"
    );
    list_page!(database, sql, account_id, request)
}

/// One match of an account.
pub(crate) async fn find(
    database: &Database,
    account_id: AccountId,
    id: MatchId,
) -> Result<Option<MatchRow>, Error> {
    find_row!(database, select!("WHERE m.id = $1 AND m.account_id = $2"), account_id, id)
}

/// The results of a match, in their order.
pub(crate) async fn list_results(database: &Database, id: MatchId) -> Result<Vec<ResultRow>, Error> {
    let sql = "SELECT r.image_id, i.subject_id, r.result
         FROM match_results r JOIN images i ON i.id = r.image_id
         WHERE r.match_id = $1 ORDER BY r.position";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(id.uuid()).fetch_all(c).await)
}

/// Deletes a match of an account; false if there is none.
pub(crate) async fn delete(tx: &mut Tx, account_id: AccountId, id: MatchId) -> Result<bool, Error> {
    delete_row(tx, "DELETE FROM matches WHERE id = $1 AND account_id = $2", account_id, id.uuid()).await
}

/// Deletes the matches in which a picture was compared, before it is deleted itself.
pub(crate) async fn delete_of_image(tx: &mut Tx, image_id: ImageId) -> Result<(), Error> {
    let sql = "DELETE FROM matches
         WHERE image_id = $1 OR id IN (SELECT match_id FROM match_results WHERE image_id = $1)";
    delete_of_picture(tx, sql, image_id).await
}
