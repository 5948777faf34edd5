//! Statements about accounts and users.

mod changes;
mod listing;

use std::str::FromStr;

use prosopa_model::{AccountId, PlanName, Role, Timestamp, UserId, principal::UnknownName};
use prosopa_store::{Column, ColumnError, affected, on_db, query, query_as, query_scalar, row};

pub(crate) use self::listing::{Listing, Sort};

use super::{Store, Write};
use crate::{email::Email, error::Error, user_name::UserName};

row! {
    /// A person who signs in, or a program.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct User {
        pub(crate) id: UserId,
        pub(crate) account_id: AccountId,
        /// As it was typed at registration.
        pub(crate) user_name: String,
        pub(crate) email: String,
        pub(crate) role: Role,
        pub(crate) status: Status,
        /// Metered requests a day that were asked for; none: those of the plan.
        pub(crate) requests_per_day_max: Option<u64>,
        /// The plan that an administrator gave the user.
        pub(crate) plan: Option<PlanName>,
        pub(crate) created_at: Timestamp,
        pub(crate) kind: UserKind,
    }
}

/// Who acts as a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserKind {
    /// Somebody who registered: logs in, and is written to.
    Person,
    /// An API client that signed itself up: has no password and no mailbox.
    Program,
}

impl UserKind {
    /// Stored and spoken form.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Program => "program",
        }
    }
}

impl Column for UserKind {
    type Stored = String;

    fn from_stored(stored: String) -> Result<Self, ColumnError> {
        let known = [Self::Person, Self::Program].into_iter().find(|kind| kind.as_str() == stored);
        known.ok_or(ColumnError(stored))
    }
}

/// Whether a user may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Yes.
    Active,
    /// No: neither log in nor use a session or key.
    Deactivated,
}

impl Status {
    /// Stored and spoken form.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deactivated => "deactivated",
        }
    }
}

impl FromStr for Status {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Active, Self::Deactivated].into_iter().find(|status| status.as_str() == text);
        known.ok_or(UnknownName)
    }
}

impl Column for Status {
    type Stored = String;

    fn from_stored(stored: String) -> Result<Self, ColumnError> {
        stored.parse().map_err(|_| ColumnError(stored))
    }
}

row! {
    /// What a login is checked against.
    pub(crate) struct Credentials {
        pub(crate) user_id: UserId,
        pub(crate) password_hash: String,
        pub(crate) status: Status,
    }
}

const FIND_USER: &str = "
    SELECT id, account_id, user_name, email, role, status, requests_per_day_max, plan, created_at, kind
    FROM users WHERE id = $1";

const COUNT_ADMINISTRATORS: &str = "SELECT count(*) FROM users WHERE role = 'administrator'";

const FIND_CREDENTIALS: &str = "SELECT id AS user_id, password_hash, status FROM users WHERE id = $1";

impl Store {
    /// The user of this id.
    pub(crate) async fn find_user(&self, id: UserId) -> Result<Option<User>, Error> {
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, User>(FIND_USER).bind(id.uuid()).fetch_optional(c).await)?)
    }

    /// Credentials of a user.
    pub(crate) async fn find_credentials(&self, id: UserId) -> Result<Option<Credentials>, Error> {
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, Credentials>(FIND_CREDENTIALS)
            .bind(id.uuid())
            .fetch_optional(c)
            .await)?)
    }

    /// Credentials by [`UserName::key_of`].
    pub(crate) async fn find_credentials_by_user_name(
        &self,
        key: &str,
    ) -> Result<Option<Credentials>, Error> {
        let sql = "SELECT id AS user_id, password_hash, status FROM users WHERE user_name_key = $1";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, Credentials>(sql).bind(key).fetch_optional(c).await)?)
    }

    /// Credentials by [`Email::key_of`].
    pub(crate) async fn find_credentials_by_email(&self, key: &str) -> Result<Option<Credentials>, Error> {
        let sql = "SELECT id AS user_id, password_hash, status FROM users WHERE email_key = $1";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, Credentials>(sql).bind(key).fetch_optional(c).await)?)
    }

    /// Fails if a user has the name, or one that looks like it, or the address already, or if the name is reserved.
    pub(crate) async fn refuse_taken(&self, user_name: &UserName, email: &Email) -> Result<(), Error> {
        let sql = "SELECT count(*) FROM users WHERE user_name_key = $1 OR user_name_skeleton = $2";
        let mut connection = self.read().await?;
        let alike = on_db!(connection, c => query_scalar::<_, i64>(sql)
            .bind(user_name.key())
            .bind(user_name.skeleton())
            .fetch_one(c)
            .await)?;
        drop(connection);
        if alike > 0 || user_name.is_reserved() {
            return Err(Error::UserNameTaken);
        }
        match self.find_credentials_by_email(&email.key()).await? {
            Some(_) => Err(Error::EmailTaken),
            None => Ok(()),
        }
    }

    /// Whether there is an administrator, who may act or not.
    pub(crate) async fn has_administrator(&self) -> Result<bool, Error> {
        let mut connection = self.read().await?;
        let count = on_db!(connection, c => query_scalar::<_, i64>(COUNT_ADMINISTRATORS).fetch_one(c).await)?;
        Ok(count > 0)
    }
}

impl Write {
    /// Adds a user and the account it belongs to; fails if another has the name, or one that looks like it, or the
    /// address.
    pub(crate) async fn insert_user(
        &mut self,
        user: &User,
        user_name: &UserName,
        email: &Email,
        password_hash: &str,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO accounts (id, created_at) VALUES ($1, $2)";
        on_db!(self.tx, c => query(sql)
            .bind(user.account_id.uuid())
            .bind(user.created_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        let sql = "INSERT INTO users (id, account_id, user_name, user_name_key, user_name_skeleton, email, email_key,
                                      password_hash, role, status, requests_per_day_max, created_at, kind, plan)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        let requests_per_day_max = user.requests_per_day_max.map(u64::cast_signed);
        let inserted = on_db!(self.tx, c => query(sql)
            .bind(user.id.uuid())
            .bind(user.account_id.uuid())
            .bind(user_name.as_str())
            .bind(user_name.key())
            .bind(user_name.skeleton())
            .bind(email.as_str())
            .bind(email.key())
            .bind(password_hash)
            .bind(user.role.as_str())
            .bind(user.status.as_str())
            .bind(requests_per_day_max)
            .bind(user.created_at.micros())
            .bind(user.kind.as_str())
            .bind(user.plan.as_ref().map(PlanName::as_str))
            .execute(c)
            .await
            .map(affected));
        unless_taken(inserted)
    }

    /// The user that has the name.
    pub(crate) async fn find_user_id(&mut self, user_name: &UserName) -> Result<Option<UserId>, Error> {
        let sql = "SELECT id FROM users WHERE user_name_key = $1";
        let id = on_db!(self.tx, c => query_scalar::<_, uuid::Uuid>(sql)
            .bind(user_name.key())
            .fetch_optional(c)
            .await)?;
        Ok(id.map(UserId::from_uuid))
    }

    /// Credentials of a user.
    pub(crate) async fn find_credentials(&mut self, id: UserId) -> Result<Option<Credentials>, Error> {
        Ok(on_db!(self.tx, c => query_as::<_, Credentials>(FIND_CREDENTIALS)
            .bind(id.uuid())
            .fetch_optional(c)
            .await)?)
    }

    /// Replaces a user's password.
    pub(crate) async fn set_password_hash(&mut self, id: UserId, password_hash: &str) -> Result<(), Error> {
        let sql = "UPDATE users SET password_hash = $2 WHERE id = $1";
        on_db!(self.tx, c => query(sql).bind(id.uuid()).bind(password_hash).execute(c).await.map(affected))?;
        Ok(())
    }
}

/// What a change means that a unique constraint may have refused.
fn unless_taken(changed: Result<u64, prosopa_store::Error>) -> Result<(), Error> {
    match changed {
        Ok(_) => Ok(()),
        Err(error)
            if error.violates_unique("users.user_name_key")
                || error.violates_unique("users.user_name_skeleton") =>
        {
            Err(Error::UserNameTaken)
        }
        Err(error) if error.violates_unique("users.email_key") => Err(Error::EmailTaken),
        Err(error) => Err(error.into()),
    }
}
