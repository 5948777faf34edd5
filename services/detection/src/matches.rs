//! Matches: one face is compared with another, or with many; what came of it is kept, given back, deleted.
//!
//! Embeddings never leave; distances do, with what they mean.

mod answer;
mod compared;
mod request;
mod sealed;
mod seen;
mod verdict;

use std::collections::BTreeSet;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, Cursor, ImageId, MatchId};
use prosopa_store::idempotency;

use self::{answer::assemble, sealed::part_name};
pub(crate) use self::{
    answer::{Match, MatchSummary},
    compared::compare,
    request::{COMPARISONS_MAX, MatchOptions, NewMatch},
};
use crate::{
    error::Error,
    images, once,
    state::State,
    store::{
        self,
        matches::{MatchRow, ResultRow},
    },
};

/// Compares, and keeps what came of it.
pub(crate) async fn create(
    state: &State,
    account_id: AccountId,
    new: &NewMatch,
    once: Option<&idempotency::Claim>,
) -> Result<Match, Error> {
    let compared = compare(state, account_id, new).await?;
    let mut tx = state.database.begin().await?;
    compared.insert(state, &mut tx, account_id).await?;
    once::finish(&mut tx, once, &compared.id().to_string()).await?;
    tx.commit().await?;
    Ok(compared.made)
}

/// One page of an account's matches, newest first.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<MatchSummary>, Error> {
    let rows = store::matches::list(&state.database, account_id, request).await?;
    let position = |row: &MatchRow| Cursor { created_at: row.created_at, id: row.id.uuid() };
    let page = Page::cut(rows, request.page.limit, position);
    Ok(page.map(|row| MatchSummary {
        id: row.id,
        created_at: row.created_at,
        image_a_id: row.image_id,
        comparisons: row.comparisons,
        model_digest: row.model_digest,
    }))
}

/// One match of an account; anybody else's is told not to exist, as is one of an erased person.
pub(crate) async fn get(state: &State, account_id: AccountId, id: MatchId) -> Result<Match, Error> {
    let row = store::matches::find(&state.database, account_id, id).await?.ok_or(Error::NoMatch(id))?;
    let rows = store::matches::list_results(&state.database, id).await?;
    if rows.len() as u64 != row.comparisons {
        // It was deleted between the two readings.
        return Err(Error::NoMatch(id));
    }
    let facts = sealed::open(state, row.subject_id, id, "facts", row.facts.clone()).await?;
    let mut results = Vec::with_capacity(rows.len());
    for (index, ResultRow { subject_id, result, .. }) in rows.into_iter().enumerate() {
        results.push(sealed::open(state, subject_id, id, &part_name(index), result).await?);
    }
    Ok(assemble(&row, facts, results))
}

/// Deletes a match, and those of its pictures that were not uploaded by themselves and in which nothing else is left.
pub(crate) async fn delete(state: &State, account_id: AccountId, id: MatchId) -> Result<(), Error> {
    let row = store::matches::find(&state.database, account_id, id).await?.ok_or(Error::NoMatch(id))?;
    let results = store::matches::list_results(&state.database, id).await?;
    let others = results.iter().map(|result| result.image_id);
    let pictures: BTreeSet<ImageId> = others.chain([row.image_id]).collect();
    let mut images = Vec::new();
    for picture in pictures {
        images.extend(store::images::find(&state.database, account_id, picture).await?);
    }
    let mut tx = state.database.begin().await?;
    for image in &images {
        store::images::hold(&mut tx, account_id, image.id).await?;
    }
    if !store::matches::delete(&mut tx, account_id, id).await? {
        return Err(Error::NoMatch(id));
    }
    let mut unused = Vec::new();
    for image in &images {
        if store::images::delete_unused(&mut tx, account_id, image.id).await? {
            unused.push(image);
        }
    }
    tx.commit().await?;
    for image in unused {
        images::discard(state, account_id, image.id, image.subject()).await;
    }
    Ok(())
}
