//! Registrations that may be sent again and are done once.

use secrecy::ExposeSecret;

use prosopa_runtime::Network;
use prosopa_store::idempotency::{KeyedRequest, Sender};

use super::Registration;
use crate::state::State;

/// A registration that somebody in this network has a key for. To be waited for, it is another request than not to be.
///
/// Network and content are hashed under a secret key: addresses are few and passwords are guessed, so that a plain
/// SHA-256 of them would be as good as themselves.
pub(crate) fn keyed(
    state: &State,
    network: &Network,
    idempotency_key: &[u8],
    registration: &Registration,
    is_awaited: bool,
) -> KeyedRequest {
    let sender = Sender::Stranger(state.hash_key.hash("registration/network", &[&network.bytes()]));
    let quota = registration.api_request_quota.map(u64::to_be_bytes);
    let content: [&[u8]; 5] = [
        registration.user_name.as_bytes(),
        registration.email.as_bytes(),
        registration.password.expose_secret().as_bytes(),
        quota.as_ref().map_or(&[], |quota| quota),
        &[u8::from(is_awaited)],
    ];
    let content = state.hash_key.hash("registration/content", &content);
    KeyedRequest::new(sender, "register", idempotency_key, &[&content])
}
