//! Names of quota plans, as every service writes them.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Characters of a name: what a Kubernetes resource may be named.
const NAME_LEN_MAX: usize = 63;

/// The name of a quota plan: a label of RFC 1123, so that a resource of Kubernetes can have the same name. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanName(Arc<str>);

/// A text that names no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a plan's name is 1 to 63 lower-case letters, digits and -, beginning and ending with a letter or digit"
)]
pub struct NoPlanName;

impl PlanName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanName {
    type Err = NoPlanName;

    fn from_str(text: &str) -> Result<Self, NoPlanName> {
        let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=NAME_LEN_MAX).contains(&text.len())
            && text.bytes().all(is_inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if is_name { Ok(Self(text.into())) } else { Err(NoPlanName) }
    }
}

impl TryFrom<String> for PlanName {
    type Error = NoPlanName;

    fn try_from(text: String) -> Result<Self, NoPlanName> {
        text.parse()
    }
}

impl From<PlanName> for String {
    fn from(name: PlanName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels() {
        for text in ["a", "0", "team", "a-b", "a--b", &"a".repeat(63)] {
            assert_eq!(text.parse::<PlanName>().unwrap().as_str(), text);
        }
        for text in ["", "-", "-a", "a-", "A", "a b", "a.b", "a_b", "ä", "a\n", &"a".repeat(64)] {
            assert_eq!(text.parse::<PlanName>(), Err(NoPlanName), "{text}");
        }
    }

    #[test]
    fn only_names_are_read() {
        assert_eq!(
            serde_json::from_str::<PlanName>("\"team\"").map(|name| name.to_string()).unwrap(),
            "team"
        );
        assert!(serde_json::from_str::<PlanName>("\"Team\"").is_err());
    }
}
