//! Who is calling: the answer of authentication, carried with the request through every service.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AccountId, ApiClientId, ApiKeyId, PlanName, QuotaSnapshot, SessionId, UserId};

/// An authenticated caller and what the caller may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The account that owns whatever the call makes or reads.
    pub account_id: AccountId,
    /// The user on whose behalf the call is made.
    pub user_id: UserId,
    /// The user's role.
    pub role: Role,
    /// What the credential allows.
    pub scopes: Scopes,
    /// What was presented.
    pub credential: Credential,
    /// Requests a day allowed to this account where that differs from the default plan.
    pub requests_per_day_max: Option<u64>,
    /// The plan that an administrator gave the user, where that is not the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanName>,
    /// The account's quota as the gateway saw it when the request was admitted.
    pub quota: Option<QuotaSnapshot>,
}

/// What kind of credential was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Credential {
    /// An access token of a session that began with a login.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// The signature of an API client, by whichever of its keys.
    Client(ApiClientId),
}

/// A user's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uses the API.
    User,
    /// Also manages other users, plans and the suite.
    Administrator,
}

impl Role {
    /// Stored and spoken form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Administrator => "administrator",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::User, Self::Administrator].into_iter().find(|role| role.as_str() == text).ok_or(UnknownName)
    }
}

/// One permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Read detections.
    #[serde(rename = "faces:read")]
    FacesRead,
    /// Make and delete detections.
    #[serde(rename = "faces:write")]
    FacesWrite,
    /// Read stored pictures.
    #[serde(rename = "images:read")]
    ImagesRead,
    /// Read the user, the quota and the list of keys.
    #[serde(rename = "account:read")]
    AccountRead,
    /// Create and revoke keys, change the account.
    #[serde(rename = "account:write")]
    AccountWrite,
    /// Manage what belongs to all accounts; only of use to administrators.
    #[serde(rename = "admin")]
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::FacesRead,
        Self::FacesWrite,
        Self::ImagesRead,
        Self::AccountRead,
        Self::AccountWrite,
        Self::Admin,
    ];

    /// Stored and spoken form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FacesRead => "faces:read",
            Self::FacesWrite => "faces:write",
            Self::ImagesRead => "images:read",
            Self::AccountRead => "account:read",
            Self::AccountWrite => "account:write",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownName)
    }
}

/// A set of scopes; stored as one text, separated by spaces (RFC 6749 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything: what a session may do.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// What a key may do unless it is told otherwise: all but minting further keys and managing the suite.
    pub fn for_keys() -> Self {
        let is_harmless = |scope: &Scope| !matches!(scope, Scope::AccountWrite | Scope::Admin);
        Scope::ALL.into_iter().filter(is_harmless).collect()
    }

    /// Whether `scope` is among them.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Whether every scope here is also in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{}", scope.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(Scope::from_str).collect()
    }
}

/// A text names no role or scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown name")]
pub struct UnknownName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_stored_as_one_text() {
        let scopes = Scopes::for_keys();
        assert_eq!(scopes.to_string(), "faces:read faces:write images:read account:read");
        assert_eq!(scopes.to_string().parse(), Ok(scopes));
    }

    #[test]
    fn spoken_and_stored_names_agree() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
    }
}
