//! Requests for detections that may be sent again and are done once.

use prosopa_http::{IdempotencyKey, Preferences};
use prosopa_store::{
    Error,
    idempotency::{self, Claim, KeyedRequest, Known},
};

use crate::{detections::NewDetection, state::State};

/// What is known of a request with this key; a new one is claimed.
///
/// The form around a picture is no part of its content: its boundary differs each time.
pub(crate) async fn claim(
    state: &State,
    key: &IdempotencyKey,
    new: &NewDetection,
    preferences: Preferences,
) -> Result<Known, Error> {
    let number = |value: Option<u32>| value.map_or(-1, i64::from).to_be_bytes();
    let subject = new.subject.as_deref().unwrap_or_default();
    let content: [&[u8]; 6] = [
        &number(new.look.min_face_px),
        &number(new.look.max_faces),
        &number(new.declared.map(|format| format as u32)),
        &[u8::from(preferences.respond_async)],
        subject.as_bytes(),
        &new.picture,
    ];
    let request = KeyedRequest::new(new.account_id, "create_detection", key.as_bytes(), &content);
    idempotency::claim(&state.database, request, state.clock.now()).await
}

/// Lets a repetition be a new attempt; one that cannot be let waits until the claim is over.
pub(crate) async fn release(state: &State, claim: &Claim) {
    if let Err(error) = idempotency::release(&state.database, claim).await {
        tracing::warn!(%error, "a key stays claimed until its time is over");
    }
}
