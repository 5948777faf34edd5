//! What can go wrong in this service, and what callers are told of it.

use std::time::Duration;

use prosopa_problem::{Code, FieldError, Problem};

use crate::{oidc_provider::ProviderError, sign_in_refusal::SignInRefusal};

/// Pause that a caller is asked for when too many passwords wait to be hashed.
const HASHING_RETRY_AFTER: Duration = Duration::from_secs(2);

/// Pause that a caller is asked for when a provider of sign-ins does not answer.
const PROVIDER_RETRY_AFTER: Duration = Duration::from_secs(5);

/// A call or a piece of background work failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Values that are not acceptable.
    #[error("some values are not acceptable")]
    Invalid(Vec<FieldError>),
    /// Another user has the name.
    #[error("the user name is taken")]
    UserNameTaken,
    /// Another user has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// No active user with this name and password.
    #[error("user name or password is wrong")]
    InvalidCredentials,
    /// Too many logins failed with this name or from this network.
    #[error("too many logins failed with this name or from this network")]
    TooManyFailedLogins {
        /// Pause until the next attempt is welcome.
        retry_after: Duration,
    },
    /// Too many tokens for new passwords were asked for from this network.
    #[error("too many tokens for new passwords were asked for")]
    TooManyResets {
        /// Pause until the next request is welcome.
        retry_after: Duration,
    },
    /// No mail can be sent here.
    #[error("no mail can be sent here")]
    NoMailer,
    /// The caller is no signed-in user but a key.
    #[error("a key cannot change the password")]
    KeyChangesPassword,
    /// The caller is no signed-in user but a key.
    #[error("a key cannot link a provider")]
    KeyLinksProvider,
    /// A sign-in with a provider ends without a session.
    #[error(transparent)]
    SignIn(#[from] SignInRefusal),
    /// A provider gives no answer that can be used.
    #[error("a provider of sign-ins cannot be asked")]
    Provider(#[from] ProviderError),
    /// A refresh token that is unknown, expired or was used before.
    #[error("the refresh token is not valid")]
    InvalidRefreshToken,
    /// The caller's user is gone.
    #[error("the caller's user does not exist")]
    UnknownCaller,
    /// Nobody else may act as an administrator.
    #[error("the user is the last active administrator")]
    LastAdministrator,
    /// The caller would give away more than it has.
    #[error("a key cannot have scopes that its creator lacks")]
    ScopeNotHeld,
    /// The caller is no signed-in user but a program.
    #[error("a program makes no keys or clients, and no secrets of others")]
    KeyMakesKey,
    /// The account has made all the keys it may make in a day.
    #[error("the account has made {max} {what} within a day")]
    TooManyNewKeys {
        /// Keys or clients.
        what: &'static str,
        /// Keys allowed.
        max: u32,
        /// Pause until the account may make another.
        retry_after: Duration,
    },
    /// The account has all the keys it may have.
    #[error("the account has {max} {what} already")]
    TooManyKeys {
        /// Keys or clients.
        what: &'static str,
        /// Keys allowed.
        max: u32,
    },
    /// What has expired gets no other secret.
    #[error("the {what} has expired")]
    Expired {
        /// Key or client.
        what: &'static str,
    },
    /// Who has no user may sign up no client here.
    #[error("clients are made by signed-in users only")]
    SignUpClosed,
    /// The stored secret of a client does not open.
    #[error("the secret of {access_key} does not open")]
    OpenClientSecret {
        /// Which one.
        access_key: String,
        /// Why.
        #[source]
        source: prosopa_vault::OpenError,
    },
    /// Too many requests of one kind came from this network.
    #[error("too many {what} came from this network")]
    Throttled {
        /// What was sent, in the plural.
        what: &'static str,
        /// Pause until the next one is welcome.
        retry_after: Duration,
    },
    /// No such thing, or not the caller's.
    #[error("there is no such thing")]
    NotFound,
    /// Too many passwords wait to be hashed.
    #[error("too many passwords wait to be hashed")]
    HashingOverloaded,
    /// A password cannot be hashed or a stored hash cannot be read.
    #[error("a password cannot be hashed or checked")]
    Hashing(#[source] argon2::password_hash::Error),
    /// A blocking thread was lost.
    #[error("a hashing thread was lost")]
    HashingThread(#[source] tokio::task::JoinError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] prosopa_runtime::DatabaseError),
    /// A registration cannot be written into the queue or read from it.
    #[error("a registration in the queue cannot be written or read")]
    Queued(#[source] serde_json::Error),
    /// A registration in the queue does not open.
    #[error("a registration in the queue does not open")]
    OpenQueued(#[source] prosopa_vault::OpenError),
    /// What is to be told of a secret that leaked cannot be written into the queue or read from it.
    #[error("what is to be told of a leaked secret cannot be written or read")]
    QueuedLeak(#[source] serde_json::Error),
    /// The job of a registration is to stop.
    #[error(transparent)]
    Job(#[from] prosopa_jobs::Stop),
    /// A job cannot be enqueued or waited for.
    #[error(transparent)]
    Enqueue(#[from] prosopa_jobs::Error),
    /// Another request with the same key has taken over.
    #[error("another request with the same key has taken over")]
    Superseded,
    /// The key under which hashes are made does not open.
    #[error("the key under which hashes are made does not open")]
    OpenHashKey(#[source] prosopa_vault::OpenError),
    /// A secret cannot be sealed.
    #[error("a secret cannot be sealed")]
    Seal(#[from] prosopa_vault::KeyringError),
    /// A stored private key does not open.
    #[error("the signing key {kid} does not open")]
    Open {
        /// Which key.
        kid: String,
        /// Why.
        #[source]
        source: prosopa_vault::OpenError,
    },
    /// An access token cannot be signed.
    #[error("an access token cannot be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
    /// The clock moved on faster than keys were made.
    #[error("no key may sign now")]
    NoSigningKey,
    /// The system gives no random numbers.
    #[error("no random numbers to be had")]
    Random,
    /// The file of the administrator's password cannot be written.
    #[error("cannot write {path}")]
    PasswordFile {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl From<aws_lc_rs::error::Unspecified> for Error {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Random
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(errors) => errors
                .into_iter()
                .fold(Self::new(Code::ValidationFailed), |problem, FieldError { pointer, detail }| {
                    problem.with_error(pointer, detail)
                }),
            Error::UserNameTaken => Self::new(Code::UserNameTaken),
            Error::EmailTaken => Self::new(Code::EmailTaken),
            Error::InvalidCredentials => Self::new(Code::InvalidCredentials),
            Error::TooManyFailedLogins { retry_after } => Self::new(Code::RateLimited)
                .with_detail(
                    "too many logins failed with this name or address or from this network; try again later",
                )
                .with_retry_after(retry_after),
            Error::TooManyResets { retry_after } => Self::new(Code::RateLimited)
                .with_detail("too many tokens for new passwords were asked for; try again later")
                .with_retry_after(retry_after),
            Error::NoMailer => Self::new(Code::Unavailable).with_detail("no mail can be sent here"),
            Error::KeyChangesPassword => Self::new(Code::Forbidden)
                .with_detail("passwords are changed by a signed-in user, not with a key: log in first"),
            Error::KeyLinksProvider => Self::new(Code::Forbidden)
                .with_detail("providers are linked by a signed-in user, not with a key: log in first"),
            Error::SignIn(refusal) => refusal.into(),
            Error::Provider(error) => Self::new(Code::Unavailable)
                .with_retry_after(PROVIDER_RETRY_AFTER)
                .with_detail("the provider of the sign-in cannot be asked at the moment")
                .with_cause(error),
            Error::InvalidRefreshToken => {
                Self::new(Code::Unauthenticated).with_detail("the refresh token is not valid; log in again")
            }
            Error::UnknownCaller => Self::new(Code::Unauthenticated),
            Error::LastAdministrator => Self::new(Code::LastAdministrator)
                .with_detail("no other active user has the role administrator"),
            Error::ScopeNotHeld => {
                Self::new(Code::Forbidden).with_detail("a key cannot have scopes that its creator lacks")
            }
            Error::KeyMakesKey => Self::new(Code::Forbidden).with_detail(
                "keys and clients are made by a signed-in user, and so are their secrets: log in first",
            ),
            Error::TooManyNewKeys { what, max, retry_after } => Self::new(Code::RateLimited)
                .with_detail(format!("the account has made {max} {what} within a day, the most it may make"))
                .with_retry_after(retry_after),
            Error::TooManyKeys { what, max } => Self::new(Code::ValidationFailed).with_detail(format!(
                "the account has {max} live {what}, the most it may have; revoke one first"
            )),
            Error::Expired { what } => {
                Self::new(Code::ValidationFailed).with_detail(format!("the {what} has expired; make another"))
            }
            Error::SignUpClosed => Self::new(Code::Forbidden)
                .with_detail("clients are made by a signed-in user here: log in first"),
            Error::Throttled { what, retry_after } => Self::new(Code::RateLimited)
                .with_detail(format!("too many {what} came from this network; try again later"))
                .with_retry_after(retry_after),
            Error::NotFound => Self::new(Code::NotFound),
            Error::Superseded => prosopa_http::key_in_use(),
            Error::HashingOverloaded => Self::new(Code::Overloaded).with_retry_after(HASHING_RETRY_AFTER),
            Error::Store(error) => error.into(),
            Error::Enqueue(error) => error.into(),
            Error::Hashing(_)
            | Error::HashingThread(_)
            | Error::Seal(_)
            | Error::Open { .. }
            | Error::OpenClientSecret { .. }
            | Error::Signing(_)
            | Error::NoSigningKey
            | Error::Random
            | Error::Database(_)
            | Error::Queued(_)
            | Error::QueuedLeak(_)
            | Error::OpenQueued(_)
            | Error::OpenHashKey(_)
            | Error::Job(_)
            | Error::PasswordFile { .. } => Self::internal(error),
        }
    }
}
