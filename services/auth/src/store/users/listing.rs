//! Statements about many users: lists in any order, page by page.

use prosopa_store::{on_db, query_as, query_scalar};

use super::{Store, User};
use crate::{email::Email, error::Error, user_name::UserName};

/// What a list of users is sorted by; users that are alike in it are sorted by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Without regard to case.
    UserName,
    /// Without regard to case.
    Email,
    CreatedAt,
    Status,
    Role,
}

/// Which users, and in which order.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// Part of the name or of the address, in any case.
    pub(crate) search: Option<String>,
    pub(crate) sort: Sort,
    /// Whether the greatest comes first.
    pub(crate) is_descending: bool,
}

macro_rules! sorted_by {
    ($order:literal) => {
        concat!(
            "SELECT id, account_id, user_name, email, role, status, requests_per_day_max, plan, created_at, kind
             FROM users
             WHERE user_name_key LIKE $1 ESCAPE '\\' OR email_key LIKE $2 ESCAPE '\\'
             ORDER BY ",
            $order,
            " LIMIT $3 OFFSET $4"
        )
    };
}

impl Listing {
    const fn statement(&self) -> &'static str {
        match (self.sort, self.is_descending) {
            (Sort::UserName, false) => sorted_by!("user_name_key, id"),
            (Sort::UserName, true) => sorted_by!("user_name_key DESC, id DESC"),
            (Sort::Email, false) => sorted_by!("email_key, id"),
            (Sort::Email, true) => sorted_by!("email_key DESC, id DESC"),
            (Sort::CreatedAt, false) => sorted_by!("created_at, id"),
            (Sort::CreatedAt, true) => sorted_by!("created_at DESC, id DESC"),
            (Sort::Status, false) => sorted_by!("status, id"),
            (Sort::Status, true) => sorted_by!("status DESC, id DESC"),
            (Sort::Role, false) => sorted_by!("role, id"),
            (Sort::Role, true) => sorted_by!("role DESC, id DESC"),
        }
    }

    /// What keys of names, and what keys of addresses, are like.
    fn patterns(&self) -> [String; 2] {
        let text = self.search.as_deref().unwrap_or_default();
        [UserName::key_of(text), Email::key_of(text)].map(|key| containing(&key))
    }
}

/// The pattern of texts that contain this one. Only the key is escaped: it may have wildcards that the text has not.
fn containing(key: &str) -> String {
    let mut pattern = String::from("%");
    for character in key.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

impl Store {
    /// Users that fit, up to `limit` of them behind the first `offset`.
    pub(crate) async fn list_users(
        &self,
        listing: &Listing,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<User>, Error> {
        let sql = listing.statement();
        let [user_name, email] = listing.patterns();
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, User>(sql)
            .bind(user_name)
            .bind(email)
            .bind(i64::from(limit))
            .bind(offset.cast_signed())
            .fetch_all(c)
            .await)?)
    }

    /// How many users fit.
    pub(crate) async fn count_users(&self, listing: &Listing) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM users
                   WHERE user_name_key LIKE $1 ESCAPE '\\' OR email_key LIKE $2 ESCAPE '\\'";
        let [user_name, email] = listing.patterns();
        let mut connection = self.read().await?;
        let count = on_db!(connection, c => query_scalar::<_, i64>(sql)
            .bind(user_name)
            .bind(email)
            .fetch_one(c)
            .await)?;
        Ok(count.unsigned_abs())
    }
}
