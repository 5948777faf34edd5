//! The table `awaited_images`: pictures whose detection is a job that is not done.

use prosopa_model::{ImageId, JobId};
use prosopa_store::{Error, Tx, affected, on_db, query};

/// Notes that a job needs a picture.
pub(crate) async fn insert(tx: &mut Tx, id: ImageId, job_id: JobId) -> Result<(), Error> {
    let sql = "INSERT INTO awaited_images (image_id, job_id) VALUES ($1, $2)";
    on_db!(tx, c => query(sql).bind(id.uuid()).bind(job_id.uuid()).execute(c).await.map(affected))?;
    Ok(())
}

/// Forgets it again.
pub(crate) async fn delete(tx: &mut Tx, id: ImageId) -> Result<(), Error> {
    let sql = "DELETE FROM awaited_images WHERE image_id = $1";
    on_db!(tx, c => query(sql).bind(id.uuid()).execute(c).await.map(affected))?;
    Ok(())
}
