//! Signing in with an `OpenID` provider such as Google (A1).
//!
//! The browser is sent to the provider with a random `state` and comes back with it. What belongs to the sign-in meanwhile
//! lies sealed in a cookie of that browser, so that strangers who begin and never come back leave nothing here, and
//! nobody can finish in another's browser what began in the own one. A sign-in comes back once; that is noted before the
//! provider is asked. The nonce and the proof of RFC 7636 are made from the state under a secret key.

mod attempt;
mod people;
mod return_path;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use prosopa_model::Principal;

use self::{attempt::Attempt, return_path::ReturnPath};
use crate::{
    error::Error,
    oidc_provider::{ExchangeError, Person, Provider, Question},
    secrets,
    sessions::{Client, browser::NewCookie, own},
    sign_in_refusal::SignInRefusal,
    state::State,
};

/// Longest time between the beginning of a sign-in and its return.
pub(crate) const LIFE: Duration = Duration::from_secs(10 * 60);

/// A sign-in that has begun.
pub(crate) struct Begun {
    /// Where the browser goes now.
    pub(crate) location: String,
    /// What it keeps meanwhile.
    pub(crate) cookie: SecretString,
}

/// What a browser comes back with.
pub(crate) struct Return {
    pub(crate) state: String,
    pub(crate) code: Option<SecretString>,
    /// Who answers (RFC 9207).
    pub(crate) issuer: Option<String>,
    /// Why there is no code (RFC 6749, section 4.1.2.1).
    pub(crate) error: Option<String>,
    /// What the browser kept.
    pub(crate) cookie: Option<SecretString>,
}

/// A sign-in that succeeded.
pub(crate) struct Completed {
    /// The session that begins; none where a user has only been linked.
    pub(crate) cookie: Option<NewCookie>,
    /// A path of this host.
    pub(crate) return_to: String,
}

/// Begins a sign-in that leads back to a path of this host.
pub(crate) async fn begin(state: &State, provider: &str, return_to: Option<&str>) -> Result<Begun, Error> {
    begin_for(state, provider, return_to, None).await
}

/// Begins a sign-in that lets the caller, who acts in a session, sign in with the provider from then on.
pub(crate) async fn begin_link(
    state: &State,
    caller: &Principal,
    provider: &str,
    return_to: Option<&str>,
) -> Result<Begun, Error> {
    let session_id = own::current(caller).ok_or(Error::KeyLinksProvider)?;
    begin_for(state, provider, return_to, Some((caller.user_id, session_id))).await
}

async fn begin_for(
    state: &State,
    name: &str,
    return_to: Option<&str>,
    link_to: Option<attempt::Owner>,
) -> Result<Begun, Error> {
    let provider = state.providers.get(name).ok_or(Error::NotFound)?;
    let return_to = ReturnPath::parse(return_to)?;
    let random = secrets::random_text(secrets::SECRET_LEN)?;
    let sign_in_state = random.expose_secret();
    let secrets = Secrets::of(state, sign_in_state);
    let location = provider.authorization_url(&secrets.question(sign_in_state)).await?;
    let attempt = Attempt {
        provider: name.to_owned(),
        state: sign_in_state.to_owned(),
        return_to: return_to.into_text(),
        expires_at: state.clock.now().after(LIFE).micros(),
        link_to,
    };
    let cookie = attempt.seal(&state.keyring)?;
    count(state, "begun");
    Ok(Begun { location: location.into(), cookie })
}

/// Ends a sign-in with a session, or with a link, or not at all.
pub(crate) async fn complete(
    state: &State,
    name: &str,
    returned: &Return,
    client: &Client,
) -> Result<Completed, Error> {
    let completed = try_complete(state, name, returned, client).await;
    match &completed {
        Ok(_) => count(state, "completed"),
        Err(Error::SignIn(refusal)) => {
            count(state, "refused");
            tracing::info!(provider = name, %refusal, "sign-in with a provider refused");
        }
        Err(_) => count(state, "failed"),
    }
    completed
}

async fn try_complete(
    state: &State,
    name: &str,
    returned: &Return,
    client: &Client,
) -> Result<Completed, Error> {
    let provider = state.providers.get(name).ok_or(Error::NotFound)?;
    let now = state.clock.now();
    let attempt = returned.cookie.as_ref().and_then(|cookie| Attempt::open(&state.keyring, cookie));
    let attempt = attempt.filter(|attempt| {
        let is_same = attempt.state.as_bytes().ct_eq(returned.state.as_bytes());
        bool::from(is_same) && attempt.provider == name && attempt.expires_at > now.micros()
    });
    let attempt = attempt.ok_or(SignInRefusal::NotBegun)?;
    if !provider.is_named(returned.issuer.as_deref()).await? {
        return Err(SignInRefusal::OtherProvider.into());
    }
    let mut write = state.store.begin().await?;
    let hash = secrets::digest(&SecretString::from(attempt.state.as_str()));
    if !write.insert_oidc_return(hash, now.after(LIFE)).await? {
        return Err(SignInRefusal::NotBegun.into());
    }
    write.commit().await?;
    let code = match (&returned.code, &returned.error) {
        (Some(code), None) => code,
        (_, Some(_)) => return Err(SignInRefusal::Declined.into()),
        (None, None) => return Err(SignInRefusal::Unacceptable.into()),
    };
    let person = exchange(state, name, provider, code, &attempt.state).await?;
    let cookie = match attempt.link_to {
        Some(owner) => {
            people::link(state, provider, &person, owner).await?;
            None
        }
        None => Some(people::sign_in(state, provider, &person, client).await?),
    };
    Ok(Completed { cookie, return_to: attempt.return_to })
}

async fn exchange(
    state: &State,
    name: &str,
    provider: &Provider,
    code: &SecretString,
    sign_in_state: &str,
) -> Result<Person, Error> {
    let secrets = Secrets::of(state, sign_in_state);
    provider.exchange(code, &secrets.question(sign_in_state)).await.map_err(|error| match error {
        ExchangeError::Provider(error) => error.into(),
        error => {
            tracing::warn!(provider = name, %error, "a provider's answer is refused");
            SignInRefusal::Unacceptable.into()
        }
    })
}

/// What belongs to a state and nobody can tell from it.
struct Secrets {
    nonce: String,
    code_verifier: SecretString,
}

impl Secrets {
    fn of(state: &State, sign_in_state: &str) -> Self {
        let make =
            |purpose| URL_SAFE_NO_PAD.encode(state.hash_key.hash(purpose, &[sign_in_state.as_bytes()]));
        Self { nonce: make("oidc/nonce"), code_verifier: make("oidc/code-verifier").into() }
    }

    fn question<'a>(&'a self, sign_in_state: &'a str) -> Question<'a> {
        Question { state: sign_in_state, nonce: &self.nonce, code_verifier: &self.code_verifier }
    }
}

fn count(state: &State, outcome: &str) {
    state.metrics.oidc_sign_ins.with_label_values(&[outcome]).inc();
}
