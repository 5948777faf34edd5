//! Verifications: a document is read, its portrait is compared with a selfie, and one decision says what came of both.
//!
//! Nothing is claimed about liveness: a picture of a screen is not told from one of a person.

mod answer;
mod checked;
mod judgement;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, VerificationId};

use self::{answer::assemble, checked::context};
pub(crate) use self::{
    answer::{Verification, VerificationSummary},
    checked::{NewVerification, Subject},
};
use crate::{documents, error::Error, images, sealed, state::State, store};

/// One page of an account's verifications, newest first.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<VerificationSummary>, Error> {
    let page = store::verifications::list(&state.database, account_id, request).await?;
    Ok(page.map(|row| VerificationSummary {
        id: row.id,
        created_at: row.created_at,
        document_id: row.document_id,
        selfie_image_id: row.image_id,
        model_digest: row.model_digest,
    }))
}

/// One verification of an account; anybody else's is told not to exist, as is one of an erased person.
pub(crate) async fn get(
    state: &State,
    account_id: AccountId,
    id: VerificationId,
) -> Result<Verification, Error> {
    let none = || Error::NoVerification(id);
    let mut row = store::verifications::find(&state.database, account_id, id).await?.ok_or_else(none)?;
    let sealed = std::mem::take(&mut row.facts);
    let facts = sealed::open(state, row.subject_id, &context(id), sealed).await?.ok_or_else(none)?;
    let document = match documents::get(state, account_id, row.document_id).await {
        Err(Error::NoSuchDocument(_)) => return Err(none()),
        document => document?,
    };
    Ok(assemble(row, facts, document))
}

/// Deletes a verification, and its selfie if that was not uploaded by itself and nothing else is left in it. The document stays.
pub(crate) async fn delete(state: &State, account_id: AccountId, id: VerificationId) -> Result<(), Error> {
    let row = store::verifications::find(&state.database, account_id, id).await?;
    let row = row.ok_or(Error::NoVerification(id))?;
    let mut held = images::Held::new(state, account_id, [row.image_id].into()).await?;
    if !store::verifications::delete(held.tx(), account_id, id).await? {
        return Err(Error::NoVerification(id));
    }
    held.let_go(state).await
}
