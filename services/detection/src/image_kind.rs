//! What a picture is of, as its sender says.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_store::{Column, ColumnError};

/// What a picture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImageKind {
    /// A person.
    Face,
    /// The front of an identity card.
    IdFront,
    /// The back of an identity card.
    IdBack,
    /// A passport's page with the portrait.
    Passport,
    /// Anything else.
    Other,
}

impl ImageKind {
    /// Every kind.
    pub(crate) const ALL: [Self; 5] = [Self::Face, Self::IdFront, Self::IdBack, Self::Passport, Self::Other];

    /// Stored and spoken form.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::IdFront => "id_front",
            Self::IdBack => "id_back",
            Self::Passport => "passport",
            Self::Other => "other",
        }
    }

    /// All of them, for a caller who named none.
    pub(crate) fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl FromStr for ImageKind {
    type Err = ColumnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| ColumnError(text.to_owned()))
    }
}

impl Column for ImageKind {
    type Stored = String;

    fn from_stored(stored: String) -> Result<Self, ColumnError> {
        stored.parse()
    }
}
