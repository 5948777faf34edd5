//! Registration: a person gets an account of their own and a user in it (F1, R7).

mod once;
mod request;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use subtle::ConstantTimeEq;

use prosopa_contract::events::UserRegistered;
use prosopa_jobs::{JobContext, JobRow, NewJob, Outcome};
use prosopa_model::{AccountId, RegistrationId, Role, UserId};
use prosopa_problem::FieldError;
use prosopa_store::idempotency::{Claim, KeyedRequest};

pub(crate) use self::{once::keyed, request::Registration};

use crate::{
    email::Email,
    error::Error,
    passwords::{Password, Room},
    secrets,
    state::State,
    store::users::{Status, User, UserKind},
    user_name::UserName,
};

/// The kind of the job that makes a user.
pub(crate) const REGISTER_USER: &str = "register-user";

/// A registration whose values are acceptable.
struct Checked {
    user_name: UserName,
    email: Email,
    password: Password,
    requests_per_day_max: Option<u64>,
}

/// Where a registration stands.
pub(crate) struct Progress {
    /// Its job.
    pub(crate) job: JobRow,
    /// The user that it made.
    pub(crate) user_id: Option<UserId>,
}

/// A registration that was enqueued, and how it stood when it was looked at last.
pub(crate) struct Enqueued {
    pub(crate) id: RegistrationId,
    /// Whoever has it may ask for the outcome.
    pub(crate) secret: SecretString,
    pub(crate) progress: Progress,
}

/// Enqueues a registration and waits for its outcome, at most this long. What is wrong with it is said at once.
pub(crate) async fn enqueue(
    state: &State,
    registration: &Registration,
    once: Option<&Claim>,
    wait: Duration,
) -> Result<Enqueued, Error> {
    let enqueued = try_enqueue(state, registration, once, wait).await;
    if let Err(error) = &enqueued {
        count(state, error);
    }
    enqueued
}

async fn try_enqueue(
    state: &State,
    registration: &Registration,
    once: Option<&Claim>,
    wait: Duration,
) -> Result<Enqueued, Error> {
    let checked = check(registration, state.config.default_requests_per_day).map_err(Error::Invalid)?;
    // A taken name is usually found here, before it costs a hash; the job decides.
    state.store.refuse_taken(&checked.user_name, &checked.email).await?;
    let id = RegistrationId::new();
    let secret = secret_of(state, id);
    let job = NewJob::new(REGISTER_USER, registration.seal(&state.keyring, id)?);
    let mut write = state.store.begin().await?;
    let job = state.jobs.enqueue(write.tx(), job).await?;
    write.insert_registration(id, job.id, secrets::digest(&secret)).await?;
    write.finish(once, &id.to_string()).await?;
    write.commit().await?;
    let job = if wait.is_zero() { job } else { state.jobs.wait(job.id, wait).await?.unwrap_or(job) };
    Ok(Enqueued { id, secret, progress: Progress::of(job) })
}

/// A registration as it was told to who enqueued it, for who asks with the same `Idempotency-Key`.
pub(crate) async fn recall(state: &State, id: RegistrationId) -> Result<Enqueued, Error> {
    let stored = state.store.find_registration(id).await?.ok_or(Error::NotFound)?;
    let job = state.jobs.find(stored.job_id).await?.ok_or(Error::NotFound)?;
    Ok(Enqueued { id, secret: secret_of(state, id), progress: Progress::of(job) })
}

/// 43 characters, which can be told again though only their digest is kept.
fn secret_of(state: &State, id: RegistrationId) -> SecretString {
    let bytes = state.hash_key.hash("registration/secret", &[id.uuid().as_bytes()]);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// Where a registration stands; a wrong secret is told that there is none.
pub(crate) async fn find(
    state: &State,
    id: RegistrationId,
    secret: &SecretString,
) -> Result<Progress, Error> {
    let stored = state.store.find_registration(id).await?.ok_or(Error::NotFound)?;
    if !bool::from(stored.secret_hash.ct_eq(&secrets::digest(secret))) {
        return Err(Error::NotFound);
    }
    let job = state.jobs.find(stored.job_id).await?.ok_or(Error::NotFound)?;
    Ok(Progress::of(job))
}

/// Forgets a registration; the user that it made, or will make, stays.
pub(crate) async fn delete(state: &State, id: RegistrationId, secret: &SecretString) -> Result<(), Error> {
    find(state, id, secret).await?;
    forget(state, id, None).await
}

/// Forgets a registration whose outcome was told, and the request that made it, if that is to be free to try again.
pub(crate) async fn forget(
    state: &State,
    id: RegistrationId,
    request: Option<&KeyedRequest>,
) -> Result<(), Error> {
    let mut write = state.store.begin().await?;
    write.delete_registration(id).await?;
    if let Some(request) = request {
        write.withdraw(request, &id.to_string()).await?;
    }
    write.commit().await
}

impl Progress {
    fn of(job: JobRow) -> Self {
        let user_id = job.output.as_deref().and_then(|output| std::str::from_utf8(output).ok()?.parse().ok());
        Self { job, user_id }
    }
}

/// Makes an account and its user, in the transaction that ends the job. Of several that race for one name, one wins.
pub(crate) async fn perform(state: &State, ctx: &JobContext) -> Result<Outcome, Error> {
    let performed = try_perform(state, ctx).await;
    match &performed {
        Ok(_) => state.metrics.registrations.with_label_values(&["created"]).inc(),
        Err(error) => count(state, error),
    }
    performed
}

async fn try_perform(state: &State, ctx: &JobContext) -> Result<Outcome, Error> {
    let registration = Registration::open(&state.keyring, ctx.input())?;
    let checked = check(&registration, state.config.default_requests_per_day).map_err(Error::Invalid)?;
    state.store.refuse_taken(&checked.user_name, &checked.email).await?;
    let password_hash = state.passwords.hash(&checked.password, Room::Registration).await?;
    let user = User {
        id: UserId::new(),
        account_id: AccountId::new(),
        user_name: checked.user_name.as_str().to_owned(),
        email: checked.email.as_str().to_owned(),
        role: Role::User,
        status: Status::Active,
        requests_per_day_max: checked.requests_per_day_max,
        plan: None,
        created_at: state.clock.now(),
        kind: UserKind::Person,
    };
    let mut write = state.store.begin().await?;
    write.insert_user(&user, &checked.user_name, &checked.email, &password_hash).await?;
    let event = UserRegistered { user_id: user.id.to_string(), account_id: user.account_id.to_string() };
    state.outbox.publish(write.tx(), &event).await?;
    let outcome = ctx.complete_in(write.tx(), Some(user.id.to_string().into_bytes())).await?;
    write.commit().await?;
    tracing::info!(user_id = %user.id, "user registered");
    Ok(outcome)
}

fn count(state: &State, error: &Error) {
    let outcome = match error {
        Error::UserNameTaken => "user_name_taken",
        Error::EmailTaken => "email_taken",
        Error::Invalid(_) => "invalid",
        _ => "failed",
    };
    state.metrics.registrations.with_label_values(&[outcome]).inc();
}

/// Checks every value, so that a caller learns of all mistakes at once.
fn check(registration: &Registration, default_requests_per_day: u64) -> Result<Checked, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut note = |pointer: &str, detail: &str| {
        errors.push(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() });
    };
    let user_name = UserName::parse(&registration.user_name).map_err(|why| note("/user_name", why)).ok();
    let email = Email::parse(&registration.email).map_err(|why| note("/email", why)).ok();
    let password = Password::chosen(&registration.password).map_err(|why| note("/password", why)).ok();
    if let (Some(user_name), Some(email), Some(password)) = (&user_name, &email, &password)
        && password.repeats(user_name, email)
    {
        note("/password", "must not repeat the user name or the e-mail address");
    }
    match registration.api_request_quota {
        Some(0) => note("/api_request_quota", "must be at least 1"),
        Some(quota) if quota > default_requests_per_day => {
            let allowed =
                format!("must be at most {default_requests_per_day}; only an administrator can grant more");
            note("/api_request_quota", &allowed);
        }
        _ => {}
    }
    match (user_name, email, password) {
        (Some(user_name), Some(email), Some(password)) if errors.is_empty() => {
            let quota = registration.api_request_quota;
            let requests_per_day_max = quota.filter(|quota| *quota != default_requests_per_day);
            Ok(Checked { user_name, email, password, requests_per_day_max })
        }
        _ => Err(errors),
    }
}
