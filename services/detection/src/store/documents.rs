//! The tables `documents` and `document_sides`.

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, DocumentId, ImageId, SubjectId, Timestamp};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, query_scalar, row};

use super::{delete_of_picture, delete_row};

row! {
    /// A document without what was read.
    pub(crate) struct DocumentRow {
        pub(crate) id: DocumentId,
        pub(crate) created_at: Timestamp,
        /// The front.
        pub(crate) image_id: ImageId,
        pub(crate) sides: u64,
        pub(crate) model_digest: String,
        /// Of the front.
        pub(crate) subject_id: Option<SubjectId>,
        /// What the sides say together; sealed.
        pub(crate) facts: Vec<u8>,
    }
}

row! {
    /// What was read on one side.
    pub(crate) struct SideRow {
        pub(crate) image_id: ImageId,
        pub(crate) subject_id: Option<SubjectId>,
        /// Sealed.
        pub(crate) reading: Vec<u8>,
    }
}

/// A statement over documents: the columns of [`DocumentRow`], then what is given.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.created_at, d.image_id, d.sides, d.model_digest, i.subject_id, d.facts
             FROM documents d JOIN images i ON i.id = d.image_id ",
            $rest
        )
    };
}

/// Keeps a document with its sides, the front first.
pub(crate) async fn insert(
    tx: &mut Tx,
    account_id: AccountId,
    row: &DocumentRow,
    sides: &[SideRow],
) -> Result<(), Error> {
    let sql = "INSERT INTO documents (id, account_id, image_id, sides, model_digest, facts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_db!(tx, c => query(sql)
        .bind(row.id.uuid())
        .bind(account_id.uuid())
        .bind(row.image_id.uuid())
        .bind(row.sides.cast_signed())
        .bind(&row.model_digest)
        .bind(row.facts.as_slice())
        .bind(row.created_at.micros())
        .execute(c)
        .await
        .map(affected))?;
    let sql = "INSERT INTO document_sides (document_id, position, image_id, reading) VALUES ($1, $2, $3, $4)";
    for (position, side) in (0_i64..).zip(sides) {
        on_db!(tx, c => query(sql)
            .bind(row.id.uuid())
            .bind(position)
            .bind(side.image_id.uuid())
            .bind(side.reading.as_slice())
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
) -> Result<Page<DocumentRow>, Error> {
    let sql = select!(
        "WHERE d.account_id = $1 AND d.created_at >= $2 AND d.created_at < $3
           AND (d.created_at, d.id) < ($4, $5)
         ORDER BY d.created_at DESC, d.id DESC
         LIMIT $6"
    );
    list_page!(database, sql, account_id, request)
}

/// One document of an account.
pub(crate) async fn find(
    database: &Database,
    account_id: AccountId,
    id: DocumentId,
) -> Result<Option<DocumentRow>, Error> {
    find_row!(database, select!("WHERE d.id = $1 AND d.account_id = $2"), account_id, id)
}

/// Whether there is such a document at this moment of a transaction.
pub(crate) async fn exists(tx: &mut Tx, account_id: AccountId, id: DocumentId) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM documents WHERE id = $1 AND account_id = $2";
    let count: i64 = on_db!(tx, c => {
        query_scalar(sql).bind(id.uuid()).bind(account_id.uuid()).fetch_one(c).await
    })?;
    Ok(count > 0)
}

/// The sides of a document, the front first.
pub(crate) async fn list_sides(database: &Database, id: DocumentId) -> Result<Vec<SideRow>, Error> {
    let sql = "SELECT s.image_id, i.subject_id, s.reading
         FROM document_sides s JOIN images i ON i.id = s.image_id
         WHERE s.document_id = $1 ORDER BY s.position";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(id.uuid()).fetch_all(c).await)
}

/// Deletes a document of an account, and the verifications of it; false if there is none.
pub(crate) async fn delete(tx: &mut Tx, account_id: AccountId, id: DocumentId) -> Result<bool, Error> {
    delete_row(tx, "DELETE FROM documents WHERE id = $1 AND account_id = $2", account_id, id.uuid()).await
}

/// Deletes the documents of which a picture is a side, before it is deleted itself.
pub(crate) async fn delete_of_image(tx: &mut Tx, image_id: ImageId) -> Result<(), Error> {
    let sql = "DELETE FROM documents
         WHERE id IN (SELECT document_id FROM document_sides WHERE image_id = $1)";
    delete_of_picture(tx, sql, image_id).await
}
