//! What the credential of a program is called, what it allows, and until when, and how long it outlives its rotation: the
//! same for API keys and API clients.

use std::{ops::RangeInclusive, time::Duration};

use prosopa_model::{Scopes, Timestamp};
use prosopa_problem::FieldError;

use crate::error::Error;

/// Characters of a name.
const NAME_LEN_MAX: usize = 100;

/// Seconds that an old secret may go on working after a rotation.
const GRACE_SECONDS: RangeInclusive<u64> = 0..=7 * 24 * 60 * 60;

/// What [`crate::Config::api_keys_per_day_max`] and [`crate::Config::api_clients_per_day_max`] count in: the last 24 hours.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// What is asked for, unchecked.
pub(crate) struct NewGrant {
    pub(crate) name: String,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) expires_at: Option<Timestamp>,
}

/// What is granted.
pub(crate) struct Grant {
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<Timestamp>,
}

impl NewGrant {
    /// Everything that is wrong with the values themselves.
    pub(crate) fn mistakes(&self, now: Timestamp) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut note = |pointer: &str, detail: &str| {
            errors.push(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() });
        };
        if self.name.trim().is_empty() || self.name.chars().count() > NAME_LEN_MAX {
            note("/name", "must have 1 to 100 characters");
        }
        if self.name.chars().any(char::is_control) {
            note("/name", "must not contain control characters");
        }
        if self.scopes.as_ref().is_some_and(Scopes::is_empty) {
            note("/scopes", "must name at least one scope");
        }
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            note("/expires_at", "must lie in the future");
        }
        errors
    }

    /// Grants it to a program of a caller who holds these scopes. Where none are asked for, they are the usual ones as far
    /// as the caller has them.
    pub(crate) fn within(self, held: &Scopes, usual: &Scopes) -> Result<Grant, Error> {
        let scopes = self.scopes.unwrap_or_else(|| usual.iter().filter(|scope| held.has(*scope)).collect());
        if scopes.is_empty() || !scopes.is_within(held) {
            return Err(Error::ScopeNotHeld);
        }
        Ok(Grant { name: self.name.trim().to_owned(), scopes, expires_at: self.expires_at })
    }

    /// Its parts, to tell one request from another by.
    pub(crate) fn content(&self) -> [Vec<u8>; 3] {
        let scopes = self.scopes.as_ref().map_or_else(String::new, ToString::to_string);
        let expires_at = self.expires_at.map_or(-1, Timestamp::micros).to_be_bytes();
        [self.name.as_bytes().to_vec(), scopes.into_bytes(), expires_at.to_vec()]
    }
}

/// How long an old secret goes on working.
pub(crate) fn grace(seconds: u64) -> Result<Duration, Error> {
    if !GRACE_SECONDS.contains(&seconds) {
        let detail = format!("must be {} to {}", GRACE_SECONDS.start(), GRACE_SECONDS.end());
        return Err(Error::Invalid(vec![FieldError { pointer: "/grace_seconds".to_owned(), detail }]));
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use prosopa_model::Scope;

    use super::*;

    fn any_scopes() -> impl Strategy<Value = Scopes> {
        proptest::collection::vec(proptest::sample::select(Scope::ALL.to_vec()), 0..6)
            .prop_map(|scopes| scopes.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_is_granted_that_is_not_held(
            asked in proptest::option::of(any_scopes()),
            held in any_scopes(),
            usual in any_scopes(),
        ) {
            let new = NewGrant { name: "n".into(), scopes: asked.clone(), expires_at: None };
            match new.within(&held, &usual) {
                Ok(grant) => {
                    prop_assert!(grant.scopes.is_within(&held) && !grant.scopes.is_empty());
                    match asked {
                        Some(asked) => prop_assert_eq!(grant.scopes, asked),
                        None => prop_assert!(grant.scopes.is_within(&usual)),
                    }
                }
                Err(_) => {
                    let wanted = asked.unwrap_or_else(|| usual.iter().filter(|scope| held.has(*scope)).collect());
                    prop_assert!(wanted.is_empty() || !wanted.is_within(&held));
                }
            }
        }
    }
}
