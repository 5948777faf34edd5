//! Statements that change users, and what they are decided by.

use prosopa_model::{AccountId, PlanName, UserId};
use prosopa_store::{affected, on_db, query, query_as, query_scalar};

use super::{COUNT_ADMINISTRATORS, FIND_USER, User, Write, unless_taken};
use crate::{email::Email, error::Error, user_name::UserName};

impl Write {
    /// The user of this id, as it is under the locks held.
    pub(crate) async fn find_user(&mut self, id: UserId) -> Result<Option<User>, Error> {
        Ok(on_db!(self.tx, c => query_as::<_, User>(FIND_USER).bind(id.uuid()).fetch_optional(c).await)?)
    }

    /// Whether there is an administrator, who may act or not.
    pub(crate) async fn has_administrator(&mut self) -> Result<bool, Error> {
        let count = on_db!(self.tx, c => query_scalar::<_, i64>(COUNT_ADMINISTRATORS).fetch_one(c).await)?;
        Ok(count > 0)
    }

    /// Whether an administrator may act who is not this user.
    pub(crate) async fn has_other_active_administrator(&mut self, id: UserId) -> Result<bool, Error> {
        let sql =
            "SELECT count(*) FROM users WHERE role = 'administrator' AND status = 'active' AND id <> $1";
        let count = on_db!(self.tx, c => query_scalar::<_, i64>(sql).bind(id.uuid()).fetch_one(c).await)?;
        Ok(count > 0)
    }

    /// Renames a user; fails if another has the name, or one that looks like it.
    pub(crate) async fn set_user_name(&mut self, id: UserId, user_name: &UserName) -> Result<(), Error> {
        let sql =
            "UPDATE users SET user_name = $2, user_name_key = $3, user_name_skeleton = $4 WHERE id = $1";
        let renamed = on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(user_name.as_str())
            .bind(user_name.key())
            .bind(user_name.skeleton())
            .execute(c)
            .await
            .map(affected));
        unless_taken(renamed)
    }

    /// Gives a user another address, which is only what somebody typed; fails if another user has it.
    pub(crate) async fn set_email(&mut self, id: UserId, email: &Email) -> Result<(), Error> {
        let sql = "UPDATE users SET email = $2, email_key = $3, email_verified_at = NULL WHERE id = $1";
        let changed = on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(email.as_str())
            .bind(email.key())
            .execute(c)
            .await
            .map(affected));
        unless_taken(changed)
    }

    /// Writes what administrators decide about a user.
    pub(crate) async fn set_decided(&mut self, user: &User) -> Result<(), Error> {
        let sql =
            "UPDATE users SET status = $2, role = $3, requests_per_day_max = $4, plan = $5 WHERE id = $1";
        on_db!(self.tx, c => query(sql)
            .bind(user.id.uuid())
            .bind(user.status.as_str())
            .bind(user.role.as_str())
            .bind(user.requests_per_day_max.map(u64::cast_signed))
            .bind(user.plan.as_ref().map(PlanName::as_str))
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Deletes a user, whose sessions have ended, and the user's keys and clients.
    pub(crate) async fn delete_user(&mut self, id: UserId) -> Result<(), Error> {
        for sql in [
            "DELETE FROM api_keys WHERE user_id = $1",
            "DELETE FROM api_clients WHERE user_id = $1",
            "DELETE FROM users WHERE id = $1",
        ] {
            on_db!(self.tx, c => query(sql).bind(id.uuid()).execute(c).await.map(affected))?;
        }
        Ok(())
    }

    /// Deletes an account that has no users any more; says whether it did.
    pub(crate) async fn delete_account_without_users(&mut self, id: AccountId) -> Result<bool, Error> {
        let sql = "DELETE FROM accounts
                   WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM users WHERE account_id = $1)";
        let rows = on_db!(self.tx, c => query(sql).bind(id.uuid()).execute(c).await.map(affected))?;
        Ok(rows > 0)
    }
}
