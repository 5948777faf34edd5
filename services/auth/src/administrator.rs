//! The administrator made at the first start (R5), and the way back in when a password is lost.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use prosopa_model::{AccountId, Role, Timestamp, UserId};
use prosopa_runtime::Platform;

use crate::{
    config::{Config, ConfigError},
    email::Email,
    error::Error,
    metrics::Metrics,
    passwords::{Password, PasswordHasher},
    store::{
        DATABASE, MIGRATIONS, Store,
        users::{Status, User},
    },
    user_name::UserName,
};

const USER_NAME: &str = "administrator";
const PASSWORD_FILE: &str = "administrator-password";

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

/// Gives a user a new, generated password and ends all of the user's sessions; for use while nothing else runs.
///
/// The administrator's password file is rewritten along with the administrator's password.
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
    let hash = PasswordHasher::new(config, seconds).await?.hash(&password).await?;
    let mut write = store.begin().await?;
    let user_id = write.find_user_id(&name).await?.ok_or_else(unknown)?;
    write.set_password_hash(user_id, &hash).await?;
    write.delete_sessions_of(user_id).await?;
    if name.key() == USER_NAME {
        write_password(&platform.data_dir, &password)?;
    }
    write.commit().await?;
    tracing::info!(%user_id, "password reset");
    Ok(password.secret().clone())
}

/// Makes the administrator if there is none.
pub(crate) async fn ensure(
    config: &Config,
    data_dir: &Path,
    store: &Store,
    passwords: &PasswordHasher,
    now: Timestamp,
) -> Result<Option<NewAdministrator>, Error> {
    let (name, email) = identity(config)?;
    if store.has_user_name(&name).await? {
        return Ok(None);
    }
    let password = Password::generated()?;
    let hash = passwords.hash(&password).await?;
    let user = User {
        id: UserId::new(),
        account_id: AccountId::new(),
        user_name: name.as_str().to_owned(),
        email: email.as_str().to_owned(),
        role: Role::Administrator,
        status: Status::Active,
        requests_per_day_max: None,
        created_at: now,
    };
    let mut write = store.begin().await?;
    if write.find_user_id(&name).await?.is_some() {
        return Ok(None);
    }
    // Under the write lock and before the commit: whatever happens, the file holds the password of an administrator
    // that exists, or of one that the next start makes anew together with the file.
    let password_file = write_password(data_dir, &password)?;
    write.insert_user(&user, &name, &email, &hash).await?;
    write.commit().await?;
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
    let name = UserName::parse(USER_NAME).map_err(|why| invalid("/user_name", why))?;
    let email = Email::parse_any(&config.administrator_email).map_err(|why| invalid("/email", why))?;
    Ok((name, email))
}

/// Writes the file beside its place, then renames it; a temporary file has mode 0600.
fn write_password(data_dir: &Path, password: &Password) -> Result<PathBuf, Error> {
    let path = data_dir.join(PASSWORD_FILE);
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
        writeln!(file, "{}", password.secret().expose_secret())?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        fs::File::open(data_dir)?.sync_all()
    };
    write().map_err(|source| Error::PasswordFile { path: path.display().to_string(), source })?;
    Ok(path)
}
