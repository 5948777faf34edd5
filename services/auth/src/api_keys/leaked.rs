//! Keys, of users and of clients, whose texts were found where others can read them: revoked at once, and their users told (F3).
//!
//! Having the text is proof enough, as it is for using the key; so nobody learns more than the text itself would show.
//! The whole key ends, not the one secret: where one was published, the other lies beside it.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use prosopa_contract::client_keys::SignatureAlgorithm;
use prosopa_jobs::{JobContext, NewJob, Outcome};
use prosopa_model::UserId;
use prosopa_problem::FieldError;
use prosopa_runtime::Network;

use crate::{
    clients,
    error::Error,
    key_text::KeyText,
    mails,
    state::State,
    store::{Lock, Write, clients::ClientKeyKind, users::UserKind},
};

/// The kind of the job that tells a user of a leak.
pub(crate) const TELL_SECRET_LEAKED: &str = "tell-secret-leaked";

/// Reports that may come from one network at once, and the time after which one more may.
pub(crate) const NETWORK_RATE: (u32, Duration) = (10, Duration::from_secs(10));

/// Texts of one report.
const TEXTS_MAX: usize = 100;

/// What a user is to be told of.
#[derive(Serialize, Deserialize)]
struct Leak {
    user_id: UserId,
    /// The id of what was revoked.
    id: String,
    /// What its user calls it.
    name: String,
}

/// Revokes what the texts open; says of each whether it did. A text of wrong form or checksum costs no look-up.
pub(crate) async fn report(
    state: &State,
    texts: &[SecretString],
    network: &Network,
) -> Result<Vec<bool>, Error> {
    if !(1..=TEXTS_MAX).contains(&texts.len()) {
        let detail = format!("must have 1 to {TEXTS_MAX} texts");
        return Err(Error::Invalid(vec![FieldError { pointer: "/keys".to_owned(), detail }]));
    }
    let counted = state.leak_throttle.counted("network", &network.bytes());
    let begun = state.leak_throttle.begin(&counted, state.clock.now()).await;
    begun.map_err(|refused| Error::Throttled { what: "reports", retry_after: refused.retry_after })?;
    let mut outcomes = Vec::with_capacity(texts.len());
    for text in texts {
        outcomes.push(revoke_key(state, text).await? || revoke_client(state, text).await?);
    }
    Ok(outcomes)
}

async fn revoke_key(state: &State, text: &SecretString) -> Result<bool, Error> {
    let Some(text) = KeyText::parse(text) else { return Ok(false) };
    let now = state.clock.now();
    let key = state.store.find_api_key(text.id()).await?;
    let Some(key) = key.filter(|key| key.is_opened_by(&text.secret_digest(), now)) else { return Ok(false) };
    let mut write = state.store.begin().await?;
    if !write.revoke_leaked_api_key(text.id(), now).await? {
        return Ok(false);
    }
    let leak = Leak { user_id: key.user_id, id: text.id().to_string(), name: key.name };
    have_told(state, &mut write, &leak).await?;
    write.commit().await?;
    tracing::warn!(user_id = %key.user_id, api_key_id = %text.id(), "leaked API key revoked");
    Ok(true)
}

async fn revoke_client(state: &State, text: &SecretString) -> Result<bool, Error> {
    let Some(parsed) = KeyText::<ClientKeyKind>::parse(text) else { return Ok(false) };
    let now = state.clock.now();
    let Some(key) = state.store.find_client_key(parsed.id(), now).await? else { return Ok(false) };
    if key.algorithm.0 != SignatureAlgorithm::HmacSha256 {
        return Ok(false);
    }
    let secret = clients::open_secret(&state.keyring, parsed.id(), key.material)?;
    if !bool::from(secret.as_slice().ct_eq(text.expose_secret().as_bytes())) {
        return Ok(false);
    }
    // Not in the middle of a rotation, whose key would stay behind.
    let mut write = state.store.begin_holding(&[Lock::Account(key.account_id)]).await?;
    if !write.revoke_leaked_client(key.client_id, now).await? {
        return Ok(false);
    }
    let leak = Leak { user_id: key.user_id, id: key.client_id.to_string(), name: key.name };
    have_told(state, &mut write, &leak).await?;
    write.commit().await?;
    tracing::warn!(user_id = %key.user_id, client_id = %key.client_id, "leaked API client revoked");
    Ok(true)
}

/// Has the user told, in the transaction that revokes.
async fn have_told(state: &State, write: &mut Write, leak: &Leak) -> Result<(), Error> {
    if state.mailer.is_some() {
        let input = serde_json::to_vec(leak).map_err(Error::QueuedLeak)?;
        state.jobs.enqueue(write.tx(), NewJob::new(TELL_SECRET_LEAKED, input)).await?;
    }
    Ok(())
}

/// Tells a user of a leak; nobody if the user is gone, or is a program.
pub(crate) async fn tell(state: &State, ctx: &JobContext) -> Result<Outcome, Error> {
    let Leak { user_id, id, name } = serde_json::from_slice(ctx.input()).map_err(Error::QueuedLeak)?;
    let user = state.store.find_user(user_id).await?;
    match user.filter(|user| user.kind == UserKind::Person) {
        Some(user) => mails::send_leaked(state, ctx, user, id, name).await,
        None => Ok(Outcome::Completed(None)),
    }
}
