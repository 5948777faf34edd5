//! Requests for detections that may be sent again and are done once.

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};

use prosopa_http::{IdempotencyKey, Preferences};
use prosopa_store::{
    Error,
    idempotency::{self, Claim, KeyedRequest, Known},
};

use crate::{detections::NewDetection, state::State};

/// What is known of a request with this key; a new one is claimed.
pub(crate) async fn claim(
    state: &State,
    key: &IdempotencyKey,
    new: &NewDetection,
    preferences: Preferences,
) -> Result<Known, Error> {
    let request = KeyedRequest {
        account_id: new.account_id,
        operation: "create_detection",
        key_hash: bytes(&digest(&SHA256, key.as_bytes())),
        fingerprint: fingerprint(new, preferences),
    };
    idempotency::claim(&state.database, request, state.clock.now()).await
}

/// Lets a repetition be a new attempt; one that cannot be let waits until the claim is over.
pub(crate) async fn release(state: &State, claim: &Claim) {
    if let Err(error) = idempotency::release(&state.database, claim).await {
        tracing::warn!(%error, "a key stays claimed until its time is over");
    }
}

/// All that the outcome depends on. The form around a picture is none of it: its boundary differs each time.
fn fingerprint(new: &NewDetection, preferences: Preferences) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let number = |value: Option<u32>| value.map_or(-1, i64::from).to_be_bytes();
    context.update(&number(new.look.min_face_px));
    context.update(&number(new.look.max_faces));
    context.update(&number(new.declared.map(|format| format as u32)));
    context.update(&[u8::from(preferences.respond_async)]);
    context.update(&new.picture);
    bytes(&context.finish())
}

fn bytes(digest: &Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}
