//! Requests that may be sent again and are done once.

use prosopa_http::IdempotencyKey;
use prosopa_model::AccountId;
use prosopa_store::{
    Tx,
    idempotency::{self, Claim, KeyedRequest, Known},
};

use crate::{error::Error, state::State};

/// What is known of a request with this key; a new one is claimed.
///
/// `content` is all that the outcome depends on. The form around a picture is no part of it: its boundary differs each time.
pub(crate) async fn claim(
    state: &State,
    account_id: AccountId,
    operation: &'static str,
    key: &IdempotencyKey,
    content: &[&[u8]],
) -> Result<Known, prosopa_store::Error> {
    let request = KeyedRequest::new(account_id, operation, key.as_bytes(), content);
    idempotency::claim(&state.database, request, state.clock.now()).await
}

/// The same for a part of a request, which has a name beside the key and is done once by itself.
pub(crate) async fn claim_part(
    state: &State,
    account_id: AccountId,
    operation: &'static str,
    (key, part): (&IdempotencyKey, &[u8]),
    content: &[&[u8]],
) -> Result<Known, prosopa_store::Error> {
    // The part's bytes first: those of all parts are as many, so no two pairs are one text.
    let name = [part, key.as_bytes()].concat();
    let request = KeyedRequest::new(account_id, operation, &name, content);
    idempotency::claim(&state.database, request, state.clock.now()).await
}

/// Notes what a request that may be sent again has made.
pub(crate) async fn finish(tx: &mut Tx, once: Option<&Claim>, resource_id: &str) -> Result<(), Error> {
    match once {
        Some(claim) if !idempotency::finish(tx, claim, resource_id).await? => Err(Error::Superseded),
        _ => Ok(()),
    }
}

/// Lets a repetition be a new attempt; one that cannot be let waits until the claim is over.
pub(crate) async fn release(state: &State, claim: &Claim) {
    if let Err(error) = idempotency::release(&state.database, claim).await {
        tracing::warn!(%error, "a key stays claimed until its time is over");
    }
}
