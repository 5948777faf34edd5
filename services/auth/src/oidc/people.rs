//! Which user somebody is whom a provider knows.
//!
//! A person is known again by issuer and subject alone. Somebody new becomes the user who has the same e-mail address only
//! if both sides were seen to read mail to it: the provider says so of the person, and the user has once set a password by
//! mail, or came from a provider. Otherwise whoever typed a stranger's address into a registration would wait in an
//! account until its owner came, or the owner would walk into a stranger's.

use secrecy::ExposeSecret;

use prosopa_contract::events::UserRegistered;
use prosopa_model::{AccountId, Role, SessionId, UserId};

use super::attempt::Owner;
use crate::{
    email::Email,
    error::Error,
    oidc_provider::{Person, Provider},
    passwords::{Password, Room},
    secrets,
    sessions::{
        Client,
        browser::{self, NewCookie},
    },
    sign_in_refusal::SignInRefusal,
    state::State,
    store::{
        Lock, Write,
        oidc::Identity,
        users::{Status, User, UserKind},
    },
    user_name::UserName,
};

/// Attempts to find out who somebody is, while others come who may be the same.
const ATTEMPTS_MAX: usize = 4;

/// Names with something behind them that are tried for a new user.
const NAMES_MAX: usize = 6;

/// What somebody is called whose own names cannot be names here.
const LAST_RESORT: &str = "user";

/// Letters and digits behind a name that is taken.
const SUFFIX_LEN: usize = 6;

/// Characters kept of what the provider calls the person, so that a suffix fits behind.
const STEM_LEN_MAX: usize = 40;

/// Begins a session of the user who the person is, or becomes now.
pub(super) async fn sign_in(
    state: &State,
    provider: &Provider,
    person: &Person,
    client: &Client,
) -> Result<NewCookie, Error> {
    let identity = identity_of(provider, person);
    for _ in 0..ATTEMPTS_MAX {
        let settled = match state.store.find_user_id_by_identity(&identity).await? {
            Some(user_id) => open(state, user_id, client).await.map(Some)?,
            None => admit(state, &identity, person, client).await?,
        };
        if let Some(cookie) = settled {
            return Ok(cookie);
        }
    }
    Err(Error::Superseded)
}

/// Lets a signed-in user sign in as the person from now on. No address decides here: who is signed in shows who asks, and
/// the provider shows who answers.
pub(super) async fn link(
    state: &State,
    provider: &Provider,
    person: &Person,
    (user_id, session_id): Owner,
) -> Result<(), Error> {
    let identity = identity_of(provider, person);
    refuse_logged_out(state, user_id, session_id).await?;
    let mut write = state.store.begin_holding(&[Lock::User(user_id)]).await?;
    refuse_inactive(&mut write, user_id).await?;
    if write.find_user_id_by_identity(&identity).await? == Some(user_id) {
        return Ok(());
    }
    if write.has_identity_of(&identity.issuer, user_id).await?
        || !write.insert_identity(&identity, user_id, state.clock.now()).await?
    {
        return Err(SignInRefusal::PersonOfAnother.into());
    }
    write.commit().await?;
    tracing::info!(%user_id, "user linked to a provider");
    Ok(())
}

fn identity_of(provider: &Provider, person: &Person) -> Identity {
    Identity { issuer: provider.config.issuer.clone(), subject: person.subject.clone() }
}

async fn refuse_logged_out(state: &State, user_id: UserId, session_id: SessionId) -> Result<(), Error> {
    let owner = state.store.find_session_owner(session_id, user_id, state.clock.now()).await?;
    owner.map(|_| ()).ok_or_else(|| SignInRefusal::Inactive.into())
}

async fn refuse_inactive(write: &mut Write, user_id: UserId) -> Result<(), Error> {
    let user = write.find_user(user_id).await?;
    let is_active = user.is_some_and(|user| user.status == Status::Active && user.kind == UserKind::Person);
    if is_active { Ok(()) } else { Err(SignInRefusal::Inactive.into()) }
}

async fn open(state: &State, user_id: UserId, client: &Client) -> Result<NewCookie, Error> {
    let mut write = state.store.begin_holding(&[Lock::User(user_id)]).await?;
    refuse_inactive(&mut write, user_id).await?;
    let cookie = browser::open(state, &mut write, user_id, client, state.clock.now()).await?;
    write.commit().await?;
    Ok(cookie)
}

/// Makes somebody new a user, or links the one who has the address. Nothing: somebody else was faster, look again.
async fn admit(
    state: &State,
    identity: &Identity,
    person: &Person,
    client: &Client,
) -> Result<Option<NewCookie>, Error> {
    let email = person.profile.email.as_deref().filter(|_| person.profile.email_verified);
    let email = email.and_then(|email| Email::parse(email).ok()).ok_or(SignInRefusal::EmailUnverified)?;
    match state.store.find_credentials_by_email(&email.key()).await? {
        Some(known) => link_by_email(state, identity, known.user_id, &email, client).await,
        None => register(state, identity, person, &email, client).await,
    }
}

async fn link_by_email(
    state: &State,
    identity: &Identity,
    user_id: UserId,
    email: &Email,
    client: &Client,
) -> Result<Option<NewCookie>, Error> {
    let mut write = state.store.begin_holding(&[Lock::User(user_id)]).await?;
    refuse_inactive(&mut write, user_id).await?;
    // The same person, at the same time: whoever was faster is who has the address.
    if write.find_user_id_by_identity(identity).await?.is_some() {
        return Ok(None);
    }
    let is_proven = write.find_verified_email(user_id).await?.is_some_and(|known| known == email.key());
    if !is_proven || write.has_identity_of(&identity.issuer, user_id).await? {
        return Err(SignInRefusal::EmailOfAnother.into());
    }
    let now = state.clock.now();
    if !write.insert_identity(identity, user_id, now).await? {
        return Ok(None);
    }
    let cookie = browser::open(state, &mut write, user_id, client, now).await?;
    write.commit().await?;
    tracing::info!(%user_id, "user linked to a provider by a verified address");
    Ok(Some(cookie))
}

/// The new user has a password that nobody knows: another can be set by mail.
async fn register(
    state: &State,
    identity: &Identity,
    person: &Person,
    email: &Email,
    client: &Client,
) -> Result<Option<NewCookie>, Error> {
    let Some(user_name) = free_name(state, person, email).await? else { return Ok(None) };
    let password_hash = state.passwords.hash(&Password::generated()?, Room::Registration).await?;
    let now = state.clock.now();
    let user = User {
        id: UserId::new(),
        account_id: AccountId::new(),
        user_name: user_name.as_str().to_owned(),
        email: email.as_str().to_owned(),
        role: Role::User,
        kind: UserKind::Person,
        status: Status::Active,
        requests_per_day_max: None,
        plan: None,
        created_at: now,
    };
    let mut write = state.store.begin_holding(&[Lock::User(user.id)]).await?;
    match write.insert_user(&user, &user_name, email, &password_hash).await {
        Err(Error::UserNameTaken | Error::EmailTaken) => return Ok(None),
        inserted => inserted?,
    }
    write.set_email_verified(user.id, now).await?;
    if !write.insert_identity(identity, user.id, now).await? {
        return Ok(None);
    }
    let event = UserRegistered { user_id: user.id.to_string(), account_id: user.account_id.to_string() };
    state.outbox.publish(write.tx(), &event).await?;
    let cookie = browser::open(state, &mut write, user.id, client, now).await?;
    write.commit().await?;
    state.metrics.registrations.with_label_values(&["created"]).inc();
    tracing::info!(user_id = %user.id, "user registered by a provider");
    Ok(Some(cookie))
}

/// A name like the one that the person has elsewhere, which the user may change; nothing if the address was taken
/// meanwhile.
async fn free_name(state: &State, person: &Person, email: &Email) -> Result<Option<UserName>, Error> {
    let called = person.profile.preferred_username.as_deref();
    let own: Vec<String> = called.into_iter().chain([email.local_part()]).filter_map(stem_of).collect();
    let with_suffix = own.iter().map(String::as_str).chain([LAST_RESORT]).cycle().take(NAMES_MAX);
    let stems = own.iter().map(|stem| (stem.as_str(), 0)).chain(with_suffix.map(|stem| (stem, SUFFIX_LEN)));
    for (stem, suffix_len) in stems {
        let suffix = secrets::random_text(suffix_len)?.expose_secret().to_lowercase();
        let name = if suffix.is_empty() { stem.to_owned() } else { format!("{stem}-{suffix}") };
        let Ok(name) = UserName::parse(&name) else { continue };
        match state.store.refuse_taken(&name, email).await {
            Ok(()) => return Ok(Some(name)),
            Err(Error::UserNameTaken) => {}
            Err(Error::EmailTaken) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Err(Error::UserNameTaken)
}

/// What may be the beginning of a user name.
fn stem_of(text: &str) -> Option<String> {
    let is_kept = |character: &char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
    let kept: String = text.chars().filter(is_kept).take(STEM_LEN_MAX).collect();
    let stem = kept.trim_start_matches(['.', '_', '-']);
    (!stem.is_empty()).then(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_elsewhere_is_the_beginning_of_one_here() {
        for (text, stem) in [
            ("ada", Some("ada")),
            ("ada+news", Some("adanews")),
            ("..ada", Some("ada")),
            ("Ada Lovelace", Some("AdaLovelace")),
            ("!!!", None),
        ] {
            assert_eq!(stem_of(text).as_deref(), stem, "{text}");
        }
    }

    proptest! {
        /// Whatever a provider calls somebody, the last resort is an allowed name.
        #[test]
        fn a_suffix_fits_behind_every_ascii_stem(text in "[ -~]{0,80}", suffix in "[a-z0-9]{6}") {
            if let Some(stem) = stem_of(&text) {
                let name = format!("{stem}-{suffix}");
                prop_assert!(UserName::parse(&name).is_ok());
            }
        }
    }
}
