//! The table `verifications`, whose rows are read with the subject of their selfie.

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, DocumentId, ImageId, SubjectId, Timestamp, VerificationId};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_scalar, row};
use uuid::Uuid;

use super::{delete_of_picture, delete_row};

row! {
    /// A check of a document and a selfie.
    pub(crate) struct VerificationRow {
        pub(crate) id: VerificationId,
        pub(crate) created_at: Timestamp,
        pub(crate) document_id: DocumentId,
        /// The selfie.
        pub(crate) image_id: ImageId,
        pub(crate) subject_id: Option<SubjectId>,
        pub(crate) model_digest: String,
        /// Sealed.
        pub(crate) facts: Vec<u8>,
    }
}

/// A statement over verifications: the columns of [`VerificationRow`], then what is given.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.created_at, v.document_id, v.image_id, i.subject_id, v.model_digest, v.facts
             FROM verifications v JOIN images i ON i.id = v.image_id ",
            $rest
        )
    };
}

/// Keeps a verification.
pub(crate) async fn insert(tx: &mut Tx, account_id: AccountId, row: &VerificationRow) -> Result<(), Error> {
    let sql =
        "INSERT INTO verifications (id, account_id, document_id, image_id, model_digest, facts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_db!(tx, c => query(sql)
        .bind(row.id.uuid())
        .bind(account_id.uuid())
        .bind(row.document_id.uuid())
        .bind(row.image_id.uuid())
        .bind(&row.model_digest)
        .bind(row.facts.as_slice())
        .bind(row.created_at.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

/// One page, newest first.
pub(crate) async fn list(
    database: &Database,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<VerificationRow>, Error> {
    let sql = select!(
        "WHERE v.account_id = $1 AND v.created_at >= $2 AND v.created_at < $3
           AND (v.created_at, v.id) < ($4, $5)
         ORDER BY v.created_at DESC, v.id DESC
         LIMIT $6"
    );
    list_page!(database, sql, account_id, request)
}

/// One verification of an account.
pub(crate) async fn find(
    database: &Database,
    account_id: AccountId,
    id: VerificationId,
) -> Result<Option<VerificationRow>, Error> {
    find_row!(database, select!("WHERE v.id = $1 AND v.account_id = $2"), account_id, id)
}

/// Deletes a verification of an account; false if there is none.
pub(crate) async fn delete(tx: &mut Tx, account_id: AccountId, id: VerificationId) -> Result<bool, Error> {
    delete_row(tx, "DELETE FROM verifications WHERE id = $1 AND account_id = $2", account_id, id.uuid()).await
}

/// Deletes the verifications of which a picture is the selfie, before it is deleted itself.
pub(crate) async fn delete_of_image(tx: &mut Tx, image_id: ImageId) -> Result<(), Error> {
    let sql = "DELETE FROM verifications WHERE image_id = $1";
    delete_of_picture(tx, sql, image_id).await
}

/// Which pictures lie under the verifications of a document: their selfies.
pub(crate) async fn list_selfies(database: &Database, id: DocumentId) -> Result<Vec<ImageId>, Error> {
    let sql = "SELECT image_id FROM verifications WHERE document_id = $1";
    let mut connection = database.read().await?;
    let ids: Vec<Uuid> = on_db!(connection, c => query_scalar(sql).bind(id.uuid()).fetch_all(c).await)?;
    Ok(ids.into_iter().map(ImageId::from_uuid).collect())
}
