//! The table `images`.

use prosopa_model::{AccountId, ImageId};
use prosopa_store::{Database, Error, on_db, query_scalar};

/// Format of an account's picture; none where the account has no such picture.
pub(crate) async fn find_format(
    database: &Database,
    account_id: AccountId,
    id: ImageId,
) -> Result<Option<String>, Error> {
    let mut connection = database.read().await?;
    on_db!(connection, c => {
        query_scalar("SELECT format FROM images WHERE id = $1 AND account_id = $2")
            .bind(id.uuid())
            .bind(account_id.uuid())
            .fetch_optional(c)
            .await
    })
}
