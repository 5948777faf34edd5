//! The table `images`.

use std::collections::BTreeSet;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, ImageId, SubjectId, Timestamp};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, query_scalar, row};
use uuid::Uuid;

use crate::image_kind::ImageKind;

row! {
    /// A picture, without its bytes.
    pub(crate) struct ImageRow {
        pub(crate) id: ImageId,
        pub(crate) account_id: AccountId,
        pub(crate) kind: ImageKind,
        pub(crate) sha256: String,
        pub(crate) width: u64,
        pub(crate) height: u64,
        pub(crate) format: String,
        pub(crate) bytes: u64,
        pub(crate) created_at: Timestamp,
        pub(crate) subject_id: Option<SubjectId>,
        pub(crate) is_subject_named: bool,
        /// Sealed.
        pub(crate) details: Option<Vec<u8>>,
        pub(crate) delete_at: Option<Timestamp>,
    }
}

/// Which pictures of an account are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageFilter {
    pub(crate) kind: Option<ImageKind>,
    pub(crate) subject_id: Option<SubjectId>,
    pub(crate) request: ListRequest,
}

/// A statement over pictures: the columns of [`ImageRow`], then what is given.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, type AS kind, sha256, width, height, format, bytes, created_at, subject_id,
                    is_subject_named, details, delete_at
             FROM images ",
            $rest
        )
    };
}

/// Keeps a picture's row; with the hash of an upload only if the account has no other with it, else false.
pub(crate) async fn insert(tx: &mut Tx, row: &ImageRow, upload_key: Option<&[u8]>) -> Result<bool, Error> {
    let sql = "INSERT INTO images (id, account_id, type, sha256, format, width, height, bytes, created_at, subject_id,
           is_subject_named, details, delete_at, upload_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (account_id, upload_key) WHERE upload_key IS NOT NULL DO NOTHING";
    let inserted = on_db!(tx, c => query(sql)
        .bind(row.id.uuid())
        .bind(row.account_id.uuid())
        .bind(row.kind.as_str())
        .bind(&row.sha256)
        .bind(&row.format)
        .bind(row.width.cast_signed())
        .bind(row.height.cast_signed())
        .bind(row.bytes.cast_signed())
        .bind(row.created_at.micros())
        .bind(row.subject_id.map(SubjectId::uuid))
        .bind(row.is_subject_named)
        .bind(row.details.as_deref())
        .bind(row.delete_at.map(Timestamp::micros))
        .bind(upload_key)
        .execute(c)
        .await
        .map(affected))?;
    Ok(inserted == 1)
}

/// An account's picture.
pub(crate) async fn find(
    database: &Database,
    account_id: AccountId,
    id: ImageId,
) -> Result<Option<ImageRow>, Error> {
    find_row!(database, select!("WHERE id = $1 AND account_id = $2"), account_id, id)
}

/// An account's picture that was uploaded with this subject and these bytes.
pub(crate) async fn find_upload(
    database: &Database,
    account_id: AccountId,
    upload_key: &[u8],
) -> Result<Option<ImageRow>, Error> {
    let sql = select!("WHERE account_id = $1 AND upload_key = $2");
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(account_id.uuid()).bind(upload_key).fetch_optional(c).await)
}

/// One page, newest first.
pub(crate) async fn list(
    database: &Database,
    account_id: AccountId,
    filter: ImageFilter,
) -> Result<Page<ImageRow>, Error> {
    let sql = select!(
        "WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND (created_at, id) < ($4, $5)
           AND ($6 IS NULL OR type = $6) AND ($7 IS NULL OR subject_id = $7)
         ORDER BY created_at DESC, id DESC
         LIMIT $8"
    );
    let ListRequest { range, page } = filter.request;
    let (created_at, id) = super::place_of(filter.request);
    let mut connection = database.read().await?;
    let rows = on_db!(connection, c => query_as(sql)
        .bind(account_id.uuid())
        .bind(range.start.micros())
        .bind(range.end.micros())
        .bind(created_at)
        .bind(id)
        .bind(filter.kind.map(ImageKind::as_str))
        .bind(filter.subject_id.map(SubjectId::uuid))
        .bind(i64::from(page.limit) + 1)
        .fetch_all(c)
        .await)?;
    Ok(Page::cut(rows, page.limit, |row: &ImageRow| cursor_of!(row)))
}

/// Some pictures of a subject, in the order of their ids.
pub(crate) async fn list_of_subject(
    database: &Database,
    account_id: AccountId,
    subject_id: SubjectId,
    limit: u32,
) -> Result<Vec<ImageId>, Error> {
    let sql = "SELECT id FROM images WHERE subject_id = $1 AND account_id = $2 ORDER BY id LIMIT $3";
    let mut connection = database.read().await?;
    let ids: Vec<Uuid> = on_db!(connection, c => query_scalar(sql)
        .bind(subject_id.uuid())
        .bind(account_id.uuid())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    Ok(ids.into_iter().map(ImageId::from_uuid).collect())
}

/// Some pictures of an account, in the order of their ids.
pub(crate) async fn list_of_account(
    database: &Database,
    account_id: AccountId,
    limit: u32,
) -> Result<Vec<ImageId>, Error> {
    let sql = "SELECT id FROM images WHERE account_id = $1 ORDER BY id LIMIT $2";
    let mut connection = database.read().await?;
    let ids: Vec<Uuid> = on_db!(connection, c => query_scalar(sql)
        .bind(account_id.uuid())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    Ok(ids.into_iter().map(ImageId::from_uuid).collect())
}

/// Some pictures, anybody's, whose time is over.
pub(crate) async fn list_expired(
    database: &Database,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ImageRow>, Error> {
    let sql = select!("WHERE delete_at <= $1 ORDER BY delete_at LIMIT $2");
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(now.micros()).bind(i64::from(limit)).fetch_all(c).await)
}

/// Keeps a picture as it is until the transaction ends: whoever finds something in it, or removes it, waits. False if
/// there is none. Several are to be held in the order of their ids.
pub(crate) async fn hold(tx: &mut Tx, account_id: AccountId, id: ImageId) -> Result<bool, Error> {
    tx.lock(&format!("detection/images/{id}")).await?;
    let sql = "SELECT count(*) FROM images WHERE id = $1 AND account_id = $2";
    let count: i64 = on_db!(tx, c => {
        query_scalar(sql).bind(id.uuid()).bind(account_id.uuid()).fetch_one(c).await
    })?;
    Ok(count > 0)
}

/// Holds several, in the order of their ids; the first one that there is not, else.
pub(crate) async fn hold_all(
    tx: &mut Tx,
    account_id: AccountId,
    ids: BTreeSet<ImageId>,
) -> Result<Result<(), ImageId>, Error> {
    for id in ids {
        if !hold(tx, account_id, id).await? {
            return Ok(Err(id));
        }
    }
    Ok(Ok(()))
}

/// Deletes a picture's row, which nothing may refer to any more.
pub(crate) async fn delete(tx: &mut Tx, account_id: AccountId, id: ImageId) -> Result<(), Error> {
    let sql = "DELETE FROM images WHERE id = $1 AND account_id = $2";
    on_db!(tx, c => query(sql).bind(id.uuid()).bind(account_id.uuid()).execute(c).await.map(affected))?;
    Ok(())
}

/// The same for one that was not uploaded by itself and in which nothing is left; whether it was such. It is to be
/// [held](hold).
pub(crate) async fn delete_unused(tx: &mut Tx, account_id: AccountId, id: ImageId) -> Result<bool, Error> {
    let sql = "DELETE FROM images WHERE id = $1 AND account_id = $2 AND upload_key IS NULL
         AND NOT EXISTS (SELECT 1 FROM detections WHERE image_id = $1)
         AND NOT EXISTS (SELECT 1 FROM matches WHERE image_id = $1)
         AND NOT EXISTS (SELECT 1 FROM match_results WHERE image_id = $1)
         AND NOT EXISTS (SELECT 1 FROM document_sides WHERE image_id = $1)
         AND NOT EXISTS (SELECT 1 FROM verifications WHERE image_id = $1)";
    let deleted = on_db!(tx, c => {
        query(sql).bind(id.uuid()).bind(account_id.uuid()).execute(c).await.map(affected)
    })?;
    Ok(deleted == 1)
}

/// Lets the pictures of an erased subject stand in nobody's way: the same bytes are another picture from now on.
pub(crate) async fn forget_uploads(
    tx: &mut Tx,
    account_id: AccountId,
    subject_id: SubjectId,
) -> Result<(), Error> {
    let sql = "UPDATE images SET upload_key = NULL WHERE subject_id = $1 AND account_id = $2";
    on_db!(tx, c => {
        query(sql).bind(subject_id.uuid()).bind(account_id.uuid()).execute(c).await.map(affected)
    })?;
    Ok(())
}

/// Whether anybody has this picture, or a job needs it.
pub(crate) async fn exists(database: &Database, id: ImageId) -> Result<bool, Error> {
    let sql = "SELECT (SELECT count(*) FROM images WHERE id = $1)
        + (SELECT count(*) FROM awaited_images WHERE image_id = $1)";
    let mut connection = database.read().await?;
    let count: i64 = on_db!(connection, c => query_scalar(sql).bind(id.uuid()).fetch_one(c).await)?;
    Ok(count > 0)
}
