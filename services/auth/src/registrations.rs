//! Registration: a person gets an account of their own and a user in it (F1, R7).

use secrecy::SecretString;

use prosopa_model::{AccountId, Role, UserId};
use prosopa_problem::FieldError;

use crate::{
    email::Email,
    error::Error,
    passwords::{Password, Room},
    state::State,
    store::users::{Status, User},
    user_name::UserName,
};

/// What somebody registers with, unchecked.
pub(crate) struct Registration {
    pub(crate) user_name: String,
    pub(crate) email: String,
    pub(crate) password: SecretString,
    /// Metered requests a day.
    pub(crate) api_request_quota: Option<u64>,
}

/// A registration whose values are acceptable.
struct Checked {
    user_name: UserName,
    email: Email,
    password: Password,
    requests_per_day_max: Option<u64>,
}

/// Makes an account and its user. Of several that race for one name, one wins.
pub(crate) async fn register(state: &State, registration: &Registration) -> Result<User, Error> {
    let registered = try_register(state, registration).await;
    let outcome = match &registered {
        Ok(_) => "created",
        Err(Error::UserNameTaken) => "user_name_taken",
        Err(Error::EmailTaken) => "email_taken",
        Err(Error::Invalid(_)) => "invalid",
        Err(_) => "failed",
    };
    state.metrics.registrations.with_label_values(&[outcome]).inc();
    registered
}

async fn try_register(state: &State, registration: &Registration) -> Result<User, Error> {
    let checked = check(registration, state.config.default_requests_per_day).map_err(Error::Invalid)?;
    // A taken name is usually found here, before the slow hash; the transaction below decides.
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
        created_at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    tx.insert_user(&user, &checked.user_name, &checked.email, &password_hash).await?;
    tx.commit().await?;
    tracing::info!(user_id = %user.id, "user registered");
    Ok(user)
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
