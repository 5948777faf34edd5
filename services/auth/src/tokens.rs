//! Credentials that are shown to be ended or looked at: revocation (RFC 7009) and introspection (RFC 7662).
//!
//! A token's form tells its kind, so that hints are not needed. What is no valid token is told from nothing.

use secrecy::{ExposeSecret, SecretString};

use prosopa_contract::verifier::VerifyError;
use prosopa_model::{AccountId, Principal, Scopes, Timestamp, UserId, id};

use crate::{
    access_tokens, api_keys,
    error::Error,
    key_text::{self, KeyText},
    sessions,
    state::State,
    store::{api_keys::StoredApiKey, users::Status},
};

/// What is told of a valid token to its account.
pub(crate) struct TokenFacts {
    pub(crate) account_id: AccountId,
    pub(crate) user_id: UserId,
    pub(crate) scopes: Scopes,
    /// When it was issued, seconds; not known of all.
    pub(crate) issued_at: Option<i64>,
    /// When it ends, seconds; none: never.
    pub(crate) expires_at: Option<i64>,
    /// Whether requests are made with it: not with a refresh token.
    pub(crate) is_bearer: bool,
}

/// Ends what a token stands for: the session of an access token or refresh token, or the key. Having it is proof enough.
/// What is not valid, or not any more, changes nothing.
pub(crate) async fn revoke(state: &State, token: &SecretString) -> Result<(), Error> {
    if token.expose_secret().starts_with(sessions::REFRESH_TOKEN_PREFIX) {
        return sessions::log_out(state, token).await;
    }
    if token.expose_secret().starts_with(key_text::PREFIX) {
        return match find_key(state, token).await? {
            Some((text, key)) => match api_keys::revoke(state, key.account_id, text.id()).await {
                // Deleted a moment ago.
                Err(Error::NotFound) => Ok(()),
                revoked => revoked,
            },
            None => Ok(()),
        };
    }
    match check(state, token) {
        Ok(claims) => sessions::own::end(state, claims.sub, claims.sid).await,
        Err(_) => Ok(()),
    }
}

/// What is told of a token to the caller; nothing if it is not valid, or of another account.
pub(crate) async fn introspect(
    state: &State,
    caller: &Principal,
    token: &SecretString,
) -> Result<Option<TokenFacts>, Error> {
    let facts = if token.expose_secret().starts_with(sessions::REFRESH_TOKEN_PREFIX) {
        of_refresh_token(state, token).await?
    } else if token.expose_secret().starts_with(key_text::PREFIX) {
        of_key(state, token).await?
    } else {
        of_access_token(state, token).await?
    };
    Ok(facts.filter(|facts| facts.account_id == caller.account_id))
}

async fn of_access_token(state: &State, token: &SecretString) -> Result<Option<TokenFacts>, Error> {
    let Ok(claims) = check(state, token) else { return Ok(None) };
    let owner = state.store.find_session_owner(claims.sid, claims.sub, state.clock.now()).await?;
    Ok(owner.filter(|owner| owner.status == Status::Active).map(|owner| TokenFacts {
        account_id: owner.account_id,
        user_id: claims.sub,
        scopes: Scopes::all(),
        issued_at: Some(claims.iat),
        expires_at: Some(claims.exp),
        is_bearer: true,
    }))
}

async fn of_refresh_token(state: &State, token: &SecretString) -> Result<Option<TokenFacts>, Error> {
    let Some(known) = sessions::find_live_refresh_token(state, token).await? else { return Ok(None) };
    let owner = state.store.find_session_owner(known.session_id, known.user_id, state.clock.now()).await?;
    Ok(owner.map(|owner| TokenFacts {
        account_id: owner.account_id,
        user_id: known.user_id,
        scopes: Scopes::all(),
        issued_at: None,
        expires_at: Some(known.expires_at.seconds()),
        is_bearer: false,
    }))
}

async fn of_key(state: &State, token: &SecretString) -> Result<Option<TokenFacts>, Error> {
    let key = find_key(state, token).await?.map(|(_, key)| key);
    Ok(key.filter(|key| key.status == Status::Active).map(|key| TokenFacts {
        account_id: key.account_id,
        user_id: key.user_id,
        scopes: key.scopes,
        issued_at: None,
        expires_at: key.expires_at.map(Timestamp::seconds),
        is_bearer: true,
    }))
}

fn check(state: &State, token: &SecretString) -> Result<access_tokens::Claims, VerifyError> {
    access_tokens::check(&state.config, &state.signing_keys, token, state.clock.now())
}

/// The key that this whole text opens, if its user may act.
async fn find_key(
    state: &State,
    token: &SecretString,
) -> Result<Option<(KeyText<id::ApiKey>, StoredApiKey)>, Error> {
    let Some(text) = KeyText::parse(token) else { return Ok(None) };
    let key = state.store.find_api_key(text.id()).await?;
    let now = state.clock.now();
    Ok(key.filter(|key| key.is_opened_by(&text.secret_digest(), now)).map(|key| (text, key)))
}
