//! Every statement about keys.

use prosopa_model::{AccountId, SubjectId, Timestamp};
use prosopa_store::{Connection, Error, Tx, affected, on_db, query, query_as, query_scalar, row};

use super::Tombstone;
use crate::wrapping::WrappedKey;

row! {
    /// A subject's key and all that it is bound to.
    pub(super) struct SubjectRow {
        pub(super) id: SubjectId,
        pub(super) account_id: AccountId,
        pub(super) wrapped_key: Vec<u8>,
        pub(super) kid: String,
    }
}

row! {
    struct IdRow {
        id: SubjectId,
    }
}

row! {
    struct LookupRow {
        wrapped_key: Vec<u8>,
        kid: String,
    }
}

row! {
    struct TombstoneRow {
        subject_id: SubjectId,
        account_id: AccountId,
        erased_at: Timestamp,
    }
}

/// The subject, unless it is erased: its row may have come back, its tombstone stays.
pub(super) async fn find_living(
    connection: &mut Connection,
    id: SubjectId,
) -> Result<Option<SubjectRow>, Error> {
    let sql = "SELECT id, account_id, wrapped_key, kid FROM subjects
         WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM tombstones WHERE subject_id = $1)";
    on_db!(connection, c => query_as(sql).bind(id.uuid()).fetch_optional(c).await)
}

pub(super) async fn is_erased(connection: &mut Connection, id: SubjectId) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM tombstones WHERE subject_id = $1";
    let count: i64 = on_db!(connection, c => query_scalar(sql).bind(id.uuid()).fetch_one(c).await)?;
    Ok(count > 0)
}

/// The subject that an account knows by a reference, unless it is erased.
pub(super) async fn find_referenced(
    connection: &mut Connection,
    account_id: AccountId,
    reference_hash: &[u8],
) -> Result<Option<SubjectId>, Error> {
    let sql = "SELECT id FROM subjects WHERE account_id = $1 AND reference_hash = $2
         AND NOT EXISTS (SELECT 1 FROM tombstones WHERE subject_id = subjects.id)";
    let found: Option<IdRow> = on_db!(connection, c => {
        query_as(sql).bind(account_id.uuid()).bind(reference_hash).fetch_optional(c).await
    })?;
    Ok(found.map(|row| row.id))
}

/// Takes a reference away from an erased subject whose row has come back, and the row with it.
pub(super) async fn delete_erased(
    tx: &mut Tx,
    account_id: AccountId,
    reference_hash: &[u8],
) -> Result<(), Error> {
    let sql = "DELETE FROM subjects WHERE account_id = $1 AND reference_hash = $2
         AND EXISTS (SELECT 1 FROM tombstones WHERE subject_id = subjects.id)";
    on_db!(tx, c => {
        query(sql).bind(account_id.uuid()).bind(reference_hash).execute(c).await.map(affected)
    })?;
    Ok(())
}

/// Writes a subject, unless its account has one of that reference already; gives back the one there is.
pub(super) async fn insert_or_find(
    tx: &mut Tx,
    new: &SubjectRow,
    reference_hash: Option<&[u8]>,
    now: Timestamp,
) -> Result<SubjectId, Error> {
    // The update changes nothing; it makes the statement wait for the one that was faster, and answer with its row.
    let sql = "INSERT INTO subjects (id, account_id, reference_hash, wrapped_key, kid, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id, reference_hash) DO UPDATE SET reference_hash = excluded.reference_hash
         RETURNING id";
    let row: IdRow = on_db!(tx, c => {
        query_as(sql)
            .bind(new.id.uuid())
            .bind(new.account_id.uuid())
            .bind(reference_hash)
            .bind(&new.wrapped_key)
            .bind(&new.kid)
            .bind(now.micros())
            .fetch_one(c)
            .await
    })?;
    Ok(row.id)
}

/// Writes the tombstone of a subject, and destroys its row: overwritten first, then deleted.
///
/// None where the account has no such subject and no tombstone of one.
pub(super) async fn erase(
    tx: &mut Tx,
    account_id: AccountId,
    id: SubjectId,
    now: Timestamp,
) -> Result<Option<Tombstone>, Error> {
    let bury = "INSERT INTO tombstones (subject_id, account_id, erased_at)
         SELECT id, account_id, $3 FROM subjects WHERE id = $1 AND account_id = $2
         ON CONFLICT (subject_id) DO NOTHING";
    on_db!(tx, c => {
        let statement = query(bury).bind(id.uuid()).bind(account_id.uuid()).bind(now.micros());
        statement.execute(c).await.map(affected)
    })?;
    let overwrite =
        "UPDATE subjects SET wrapped_key = $3, reference_hash = NULL WHERE id = $1 AND account_id = $2";
    on_db!(tx, c => {
        let statement = query(overwrite).bind(id.uuid()).bind(account_id.uuid()).bind(Vec::<u8>::new());
        statement.execute(c).await.map(affected)
    })?;
    let delete = "DELETE FROM subjects WHERE id = $1 AND account_id = $2";
    on_db!(tx, c => {
        query(delete).bind(id.uuid()).bind(account_id.uuid()).execute(c).await.map(affected)
    })?;
    let select =
        "SELECT subject_id, account_id, erased_at FROM tombstones WHERE subject_id = $1 AND account_id = $2";
    let row: Option<TombstoneRow> = on_db!(tx, c => {
        query_as(select).bind(id.uuid()).bind(account_id.uuid()).fetch_optional(c).await
    })?;
    Ok(row.map(|row| Tombstone {
        subject_id: row.subject_id,
        account_id: row.account_id,
        erased_at: row.erased_at,
    }))
}

/// Some of an account's subjects, those that have come back among them.
pub(super) async fn list_of_account(
    connection: &mut Connection,
    account_id: AccountId,
    limit: u32,
) -> Result<Vec<SubjectId>, Error> {
    let sql = "SELECT id FROM subjects WHERE account_id = $1 LIMIT $2";
    let rows: Vec<IdRow> = on_db!(connection, c => {
        query_as(sql).bind(account_id.uuid()).bind(i64::from(limit)).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Some of the living subjects whose keys are not sealed by the key `kid` of the keyring.
pub(super) async fn list_not_under(
    connection: &mut Connection,
    kid: &str,
    limit: u32,
) -> Result<Vec<SubjectRow>, Error> {
    // In two halves, so that the index is used on both sides of the key that fits.
    let sql = "SELECT id, account_id, wrapped_key, kid FROM (
             SELECT id, account_id, wrapped_key, kid FROM subjects WHERE kid < $1
             UNION ALL SELECT id, account_id, wrapped_key, kid FROM subjects WHERE kid > $1) AS old
         WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE subject_id = old.id) LIMIT $2";
    on_db!(connection, c => query_as(sql).bind(kid).bind(i64::from(limit)).fetch_all(c).await)
}

/// Replaces a subject's key by the same one sealed anew, unless another process was faster or the subject is gone.
pub(super) async fn replace_key(
    tx: &mut Tx,
    id: SubjectId,
    old_kid: &str,
    new: &WrappedKey,
) -> Result<(), Error> {
    let sql = "UPDATE subjects SET wrapped_key = $3, kid = $4 WHERE id = $1 AND kid = $2";
    on_db!(tx, c => {
        let statement = query(sql).bind(id.uuid()).bind(old_kid).bind(&new.bytes).bind(&new.kid);
        statement.execute(c).await.map(affected)
    })?;
    Ok(())
}

/// The key under which references are hashed.
pub(super) async fn find_lookup_key(connection: &mut Connection) -> Result<Option<WrappedKey>, Error> {
    let sql = "SELECT wrapped_key, kid FROM lookup_key WHERE id = 1";
    let row: Option<LookupRow> = on_db!(connection, c => query_as(sql).fetch_optional(c).await)?;
    Ok(row.map(|row| WrappedKey { bytes: row.wrapped_key, kid: row.kid }))
}

/// Keeps the key under which references are hashed, unless there is one.
pub(super) async fn insert_lookup_key(tx: &mut Tx, new: &WrappedKey) -> Result<(), Error> {
    let sql = "INSERT INTO lookup_key (id, wrapped_key, kid) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING";
    on_db!(tx, c => query(sql).bind(&new.bytes).bind(&new.kid).execute(c).await.map(affected))?;
    Ok(())
}

/// Replaces it by the same one sealed anew, unless another process was faster.
pub(super) async fn replace_lookup_key(tx: &mut Tx, old_kid: &str, new: &WrappedKey) -> Result<(), Error> {
    let sql = "UPDATE lookup_key SET wrapped_key = $2, kid = $3 WHERE id = 1 AND kid = $1";
    on_db!(tx, c => {
        query(sql).bind(old_kid).bind(&new.bytes).bind(&new.kid).execute(c).await.map(affected)
    })?;
    Ok(())
}
