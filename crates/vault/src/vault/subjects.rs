//! Which subject a picture belongs to.

use prosopa_model::{AccountId, SubjectId};

use super::{
    Vault, key_context, make_key,
    store::{self, SubjectRow},
};
use crate::VaultError;

impl Vault {
    /// The subject that the account calls `reference`, made if it is new; without a reference a new subject.
    ///
    /// Callers that race for one reference get one subject. A reference has 1 to 200 characters without control
    /// characters, else [`VaultError::Reference`]; letters of another case are another reference. What was erased is
    /// forgotten: its reference makes a new subject.
    pub async fn subject_of(
        &self,
        account_id: AccountId,
        reference: Option<&str>,
    ) -> Result<SubjectId, VaultError> {
        let shared = &*self.shared;
        let hash = reference.map(|reference| shared.lookup.hash(account_id, reference)).transpose()?;
        if let Some(hash) = &hash {
            let mut connection = shared.database.read().await?;
            if let Some(known) = store::find_referenced(&mut connection, account_id, hash).await? {
                return Ok(known);
            }
        }
        let id = SubjectId::new();
        let key = make_key(&shared.keyring, key_context(account_id, id)).await?;
        let new = SubjectRow { id, account_id, wrapped_key: key.bytes, kid: key.kid };
        let mut tx = shared.database.begin().await?;
        if let Some(hash) = &hash {
            store::delete_erased(&mut tx, account_id, hash).await?;
        }
        let known = store::insert_or_find(&mut tx, &new, hash.as_deref(), shared.clock.now()).await?;
        tx.commit().await?;
        Ok(known)
    }

    /// The subject that the account calls `reference`, if there is one that is not erased; none is made. References that
    /// are none are refused as by [`subject_of`](Self::subject_of).
    pub async fn find_subject(
        &self,
        account_id: AccountId,
        reference: &str,
    ) -> Result<Option<SubjectId>, VaultError> {
        let hash = self.shared.lookup.hash(account_id, reference)?;
        let mut connection = self.shared.database.read().await?;
        Ok(store::find_referenced(&mut connection, account_id, &hash).await?)
    }
}
