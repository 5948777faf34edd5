//! The administrator made at the first start (R5), and the way back in when a password is lost.
//!
//! The file and the database change one after the other: the password is written beside the file, then committed, then
//! moved to its place. Ended in between, the file lacks the password that is valid, but it lies beside; the next
//! start, or reset, finds that out and moves it.

mod password_file;

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use prosopa_model::{AccountId, Role, Timestamp, UserId};
use prosopa_runtime::Platform;

use crate::{
    config::{Config, ConfigError},
    email::Email,
    error::Error,
    metrics::Metrics,
    passwords::{Password, PasswordHasher, Room},
    store::{
        DATABASE, Lock, MIGRATIONS, Store, Write,
        users::{Status, User, UserKind},
    },
    user_name::{ADMINISTRATOR, UserName},
};

use self::password_file::PasswordFile;

/// An administrator that was made just now; its password is known here and in the file only.
#[derive(Debug, Clone)]
pub struct NewAdministrator {
    /// Name to log in with.
    pub user_name: String,
    /// Generated password.
    pub password: SecretString,
    /// Where the password is kept, readable by the owner only.
    pub password_file: PathBuf,
}

/// A password cannot be reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No user has the name.
    #[error("there is no user {0}")]
    UnknownUser(String),
    /// The hashing cannot be measured.
    #[error(transparent)]
    Metrics(#[from] prosopa_telemetry::MetricsError),
    /// The work itself failed.
    #[error("the password cannot be reset")]
    Failed(#[from] Error),
}

/// Gives a user a new, generated password, and ends all of the user's sessions, API keys and clients.
///
/// Whoever took the user over has nothing left. For use while nothing else runs.
///
/// The administrator's password file is rewritten along with the administrator's password. When this fails, the old
/// password is valid and in the file, or, if only the last step failed, the new one is valid and lies in
/// `administrator-password.new`, which the next start or reset moves to its place.
pub async fn reset_password(
    config: &Config,
    platform: &Platform,
    user_name: &str,
) -> Result<SecretString, ResetError> {
    config.validate()?;
    let unknown = || ResetError::UnknownUser(user_name.to_owned());
    let name = UserName::parse(user_name).map_err(|_| unknown())?;
    let database = platform.database(DATABASE, MIGRATIONS).await.map_err(Error::from)?;
    let store = Store::new(database);
    // Nobody will look at what is counted here.
    let seconds = Metrics::declare(&prosopa_telemetry::Metrics::new())?.hashing_seconds;
    let password = Password::generated()?;
    let passwords = PasswordHasher::new(config, seconds).await?;
    let hash = passwords.hash(&password, Room::Login).await?;
    let mut write = store.begin_holding(&[Lock::Administrator]).await?;
    let user_id = write.find_user_id(&name).await?.ok_or_else(unknown)?;
    write.hold(Lock::User(user_id)).await?;
    write.set_password_hash(user_id, &hash).await?;
    write.delete_sessions_of(user_id).await?;
    write.use_password_resets_of(user_id, platform.clock.now()).await?;
    write.revoke_api_keys_of(user_id, platform.clock.now()).await?;
    write.revoke_clients_of(user_id, platform.clock.now()).await?;
    if name.key() == ADMINISTRATOR {
        let file = PasswordFile::new(&platform.data_dir);
        commit_with_file(write, &file, &password, &store, &passwords, &name).await?;
    } else {
        write.commit().await?;
    }
    tracing::info!(%user_id, "password reset");
    Ok(password.secret().clone())
}

/// Makes the administrator if there is none, whatever the name of the one there is.
pub(crate) async fn ensure(
    config: &Config,
    data_dir: &Path,
    store: &Store,
    passwords: &PasswordHasher,
    now: Timestamp,
) -> Result<Option<NewAdministrator>, Error> {
    let (name, email) = identity(config)?;
    let file = PasswordFile::new(data_dir);
    if store.has_administrator().await? {
        settle(&file, store, passwords, &name).await?;
        return Ok(None);
    }
    let password = Password::generated()?;
    let hash = passwords.hash(&password, Room::Login).await?;
    let user = User {
        id: UserId::new(),
        account_id: AccountId::new(),
        user_name: name.as_str().to_owned(),
        email: email.as_str().to_owned(),
        role: Role::Administrator,
        status: Status::Active,
        requests_per_day_max: None,
        plan: None,
        created_at: now,
        kind: UserKind::Person,
    };
    let mut write = store.begin_holding(&[Lock::Administrator]).await?;
    if write.has_administrator().await? {
        return Ok(None);
    }
    write.insert_user(&user, &name, &email, &hash).await?;
    commit_with_file(write, &file, &password, store, passwords, &name).await?;
    let password_file = file.path();
    tracing::info!(user_id = %user.id, password_file = %password_file.display(), "administrator made");
    Ok(Some(NewAdministrator {
        user_name: user.user_name,
        password: password.secret().clone(),
        password_file,
    }))
}

fn identity(config: &Config) -> Result<(UserName, Email), Error> {
    let invalid = |pointer: &str, detail: &str| {
        Error::Invalid(vec![prosopa_problem::FieldError { pointer: pointer.into(), detail: detail.into() }])
    };
    let name = UserName::parse(ADMINISTRATOR).map_err(|why| invalid("/user_name", why))?;
    let email = Email::parse_any(&config.administrator_email).map_err(|why| invalid("/email", why))?;
    Ok((name, email))
}

/// Makes a new password durable in the database and in the file.
async fn commit_with_file(
    write: Write,
    file: &PasswordFile,
    password: &Password,
    store: &Store,
    passwords: &PasswordHasher,
    name: &UserName,
) -> Result<(), Error> {
    file.write_next(password.secret())?;
    let committed = write.commit().await;
    // Moves the file if the commit succeeded and removes it if not; the lock is taken anew for either.
    let settled = settle(file, store, passwords, name).await;
    if let (Err(_), Err(error)) = (&committed, &settled) {
        tracing::warn!(%error, "the password that was not set is left for the next start to remove");
    }
    committed.and(settled)
}

/// Moves a password that waits beside the file to its place if it is the administrator's, and removes it if not.
async fn settle(
    file: &PasswordFile,
    store: &Store,
    passwords: &PasswordHasher,
    name: &UserName,
) -> Result<(), Error> {
    if !file.has_next() {
        return Ok(());
    }
    // Others may be at it: nobody changes the file beside without the lock.
    let mut write = store.begin_holding(&[Lock::Administrator]).await?;
    let Some(next) = file.read_next()? else { return Ok(()) };
    let credentials = match write.find_user_id(name).await? {
        Some(user_id) => write.find_credentials(user_id).await?,
        None => None,
    };
    let is_valid = match (Password::typed(&next), credentials) {
        (Some(password), Some(known)) => {
            passwords.check(&password, Some(&known.password_hash)).await?.is_right
        }
        _ => false,
    };
    if is_valid { file.promote_next() } else { file.remove_next() }
}
