//! The table `images`.

use prosopa_model::{AccountId, ImageId, SubjectId};
use prosopa_store::{Database, Error, on_db, query_as, query_scalar, row};

row! {
    /// What is needed to give a picture back.
    pub(crate) struct ImageRow {
        pub(crate) format: String,
        pub(crate) bytes: u64,
        pub(crate) subject_id: Option<SubjectId>,
    }
}

/// An account's picture.
pub(crate) async fn find(
    database: &Database,
    account_id: AccountId,
    id: ImageId,
) -> Result<Option<ImageRow>, Error> {
    let sql = "SELECT format, bytes, subject_id FROM images WHERE id = $1 AND account_id = $2";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(id.uuid()).bind(account_id.uuid()).fetch_optional(c).await)
}

/// Whether anybody has this picture, or a job needs it.
pub(crate) async fn exists(database: &Database, id: ImageId) -> Result<bool, Error> {
    let sql = "SELECT (SELECT count(*) FROM images WHERE id = $1)
        + (SELECT count(*) FROM awaited_images WHERE image_id = $1)";
    let mut connection = database.read().await?;
    let count: i64 = on_db!(connection, c => query_scalar(sql).bind(id.uuid()).fetch_one(c).await)?;
    Ok(count > 0)
}
