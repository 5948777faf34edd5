//! The table `detections`, whose rows are read with their pictures' rows.

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, DetectionId, ImageId, SubjectId, Timestamp};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, query_scalar, row};

use super::delete_row;

row! {
    /// A detection and its picture, without the findings.
    pub(crate) struct DetectionRow {
        pub(crate) id: DetectionId,
        pub(crate) created_at: Timestamp,
        pub(crate) face_count: u64,
        pub(crate) model_digest: String,
        pub(crate) image_id: ImageId,
        pub(crate) sha256: String,
        pub(crate) width: u64,
        pub(crate) height: u64,
        pub(crate) format: String,
        pub(crate) bytes: u64,
        pub(crate) subject_id: Option<SubjectId>,
        pub(crate) is_subject_named: bool,
    }
}

/// Keeps a detection; its picture has a row.
pub(crate) async fn insert(
    tx: &mut Tx,
    account_id: AccountId,
    row: &DetectionRow,
    findings: &[u8],
) -> Result<(), Error> {
    on_db!(tx, c => {
        query(
            "INSERT INTO detections (id, account_id, image_id, face_count, model_digest, findings, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(row.id.uuid())
        .bind(account_id.uuid())
        .bind(row.image_id.uuid())
        .bind(row.face_count.cast_signed())
        .bind(&row.model_digest)
        .bind(findings)
        .bind(row.created_at.micros())
        .execute(c)
        .await
        .map(affected)
    })?;
    Ok(())
}

/// A statement over detections and their pictures: the columns of [`DetectionRow`], then what is given.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.created_at, d.face_count, d.model_digest, d.image_id,
                    i.sha256, i.width, i.height, i.format, i.bytes, i.subject_id, i.is_subject_named
             FROM detections d JOIN images i ON i.id = d.image_id ",
            $rest
        )
    };
}

row! {
    /// The findings of a detection.
    pub(crate) struct FindingsRow {
        pub(crate) id: DetectionId,
        /// Sealed.
        pub(crate) findings: Vec<u8>,
    }
}

/// One page, newest first.
pub(crate) async fn list(
    database: &Database,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<DetectionRow>, Error> {
    let sql = select!(
        "WHERE d.account_id = $1 AND d.created_at >= $2 AND d.created_at < $3
           AND (d.created_at, d.id) < ($4, $5)
         ORDER BY d.created_at DESC, d.id DESC
         LIMIT $6"
    );
    list_page!(database, sql, account_id, request)
}

/// One detection of an account.
pub(crate) async fn find(
    database: &Database,
    account_id: AccountId,
    id: DetectionId,
) -> Result<Option<DetectionRow>, Error> {
    find_row!(database, select!("WHERE d.id = $1 AND d.account_id = $2"), account_id, id)
}

/// Some detections in a picture.
pub(crate) async fn list_of_image(
    tx: &mut Tx,
    image_id: ImageId,
    limit: u32,
) -> Result<Vec<DetectionRow>, Error> {
    let sql = select!("WHERE d.image_id = $1 ORDER BY d.id LIMIT $2");
    on_db!(tx, c => query_as(sql).bind(image_id.uuid()).bind(i64::from(limit)).fetch_all(c).await)
}

/// The sealed findings of an account's detection.
pub(crate) async fn find_findings(
    database: &Database,
    account_id: AccountId,
    id: DetectionId,
) -> Result<Option<Vec<u8>>, Error> {
    let sql = "SELECT findings FROM detections WHERE id = $1 AND account_id = $2";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_scalar(sql).bind(id.uuid()).bind(account_id.uuid()).fetch_optional(c).await)
}

/// The findings of the detection with most faces, of those that a model has made of a picture; none where none was found.
pub(crate) async fn find_findings_in(
    database: &Database,
    image_id: ImageId,
    model_digest: &str,
) -> Result<Option<FindingsRow>, Error> {
    let sql = "SELECT id, findings FROM detections
         WHERE image_id = $1 AND model_digest = $2 AND face_count > 0
         ORDER BY face_count DESC, id DESC LIMIT 1";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql)
        .bind(image_id.uuid())
        .bind(model_digest)
        .fetch_optional(c)
        .await)
}

/// Deletes a detection; false if somebody else just did.
pub(crate) async fn delete(tx: &mut Tx, account_id: AccountId, id: DetectionId) -> Result<bool, Error> {
    delete_row(tx, "DELETE FROM detections WHERE id = $1 AND account_id = $2", account_id, id.uuid()).await
}
