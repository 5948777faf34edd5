//! Matches: one face is compared with another, or with many; what came of it is kept, given back, deleted.
//!
//! Embeddings never leave; distances do, with what they mean.

mod answer;
mod compared;
mod request;
mod seen;
mod verdict;

use std::collections::BTreeSet;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, ImageId, MatchId};

use self::{answer::assemble, compared::context};
pub(crate) use self::{
    answer::{CalibrationFacts, Match, MatchSummary},
    compared::distance,
    request::{COMPARISONS_MAX, MatchOptions, NewMatch},
    seen::{MatchedFace, Seen, Wanted, see},
    verdict::{Decision, Rule, Verdict},
};
use crate::{
    error::Error,
    images, sealed,
    state::State,
    store::{self, matches::ResultRow},
};

/// One page of an account's matches, newest first.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<MatchSummary>, Error> {
    let page = store::matches::list(&state.database, account_id, request).await?;
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
    let facts = sealed::open(state, row.subject_id, &context(id, None), row.facts.clone()).await?;
    let facts = facts.ok_or(Error::NoMatch(id))?;
    let mut results = Vec::with_capacity(rows.len());
    for (index, ResultRow { subject_id, result, .. }) in rows.into_iter().enumerate() {
        let result = sealed::open(state, subject_id, &context(id, Some(index)), result).await?;
        results.push(result.ok_or(Error::NoMatch(id))?);
    }
    Ok(assemble(&row, facts, results))
}

/// Deletes a match, and those of its pictures that were not uploaded by themselves and in which nothing else is left.
pub(crate) async fn delete(state: &State, account_id: AccountId, id: MatchId) -> Result<(), Error> {
    let row = store::matches::find(&state.database, account_id, id).await?.ok_or(Error::NoMatch(id))?;
    let results = store::matches::list_results(&state.database, id).await?;
    let others = results.iter().map(|result| result.image_id);
    let pictures: BTreeSet<ImageId> = others.chain([row.image_id]).collect();
    let mut held = images::Held::new(state, account_id, pictures).await?;
    if !store::matches::delete(held.tx(), account_id, id).await? {
        return Err(Error::NoMatch(id));
    }
    held.let_go(state).await
}
