//! The opaque position of a list that is ordered by time and id.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use crate::Timestamp;

/// The last row of a page: the next page begins behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the row was made.
    pub created_at: Timestamp,
    /// The row's id, which decides between rows of one microsecond.
    pub id: Uuid,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:032x}", self.created_at.micros(), self.id.as_u128())
    }
}

/// A text was not made by [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor that an earlier page gave")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hex = text.len() == 48 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (micros, id) = if is_hex { text.split_at(16) } else { return Err(ParseCursorError) };
        let micros = u64::from_str_radix(micros, 16).map_err(|_| ParseCursorError)?;
        let id = u128::from_str_radix(id, 16).map_err(|_| ParseCursorError)?;
        Ok(Self { created_at: Timestamp::from_micros(micros.cast_signed()), id: Uuid::from_u128(id) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_form_is_read_back(micros in any::<i64>(), id in any::<u128>()) {
            let cursor = Cursor { created_at: Timestamp::from_micros(micros), id: Uuid::from_u128(id) };
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }

        #[test]
        fn any_other_text_is_refused(text in ".{0,60}") {
            prop_assume!(text.len() != 48);
            prop_assert!(text.parse::<Cursor>().is_err());
        }
    }
}
