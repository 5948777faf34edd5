//! Rows into structs, for every backend at once.

use prosopa_model::{Id, Kind, Timestamp};
use uuid::Uuid;

/// A value of the domain and the SQL type it is stored as.
pub trait Column: Sized {
    /// What the driver reads.
    type Stored;

    /// Turns the stored form into the value.
    fn from_stored(stored: Self::Stored) -> Result<Self, ColumnError>;
}

/// A stored value that the program cannot have written.
#[derive(Debug, thiserror::Error)]
#[error("stored value is not understood: {0}")]
pub struct ColumnError(pub String);

macro_rules! plain_columns {
    ($($kind:ty),*) => {$(
        impl Column for $kind {
            type Stored = Self;

            fn from_stored(stored: Self) -> Result<Self, ColumnError> {
                Ok(stored)
            }
        }
    )*};
}

plain_columns!(i64, f64, bool, String, Vec<u8>, Uuid);

impl<K: Kind> Column for Id<K> {
    type Stored = Uuid;

    fn from_stored(stored: Uuid) -> Result<Self, ColumnError> {
        Ok(Self::from_uuid(stored))
    }
}

impl Column for Timestamp {
    type Stored = i64;

    fn from_stored(stored: i64) -> Result<Self, ColumnError> {
        Ok(Self::from_micros(stored))
    }
}

impl Column for u64 {
    type Stored = i64;

    fn from_stored(stored: i64) -> Result<Self, ColumnError> {
        Self::try_from(stored).map_err(|_| ColumnError(stored.to_string()))
    }
}

impl<T: Column> Column for Option<T> {
    type Stored = Option<T::Stored>;

    fn from_stored(stored: Self::Stored) -> Result<Self, ColumnError> {
        stored.map(T::from_stored).transpose()
    }
}

macro_rules! named_columns {
    ($($kind:ty),*) => {$(
        impl Column for $kind {
            type Stored = String;

            fn from_stored(stored: String) -> Result<Self, ColumnError> {
                stored.parse().map_err(|_| ColumnError(stored))
            }
        }
    )*};
}

named_columns!(prosopa_model::Role, prosopa_model::Scopes, prosopa_model::PlanName);

/// Declares a struct whose fields are read from the columns of the same names.
///
/// Each field's type is a [`Column`]. The struct then works with `query_as` on every backend.
#[macro_export]
macro_rules! row {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_attribute:meta])* $field_visibility:vis $field:ident: $kind:ty,)*
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$field_attribute])* $field_visibility $field: $kind,)*
        }

        $crate::row!(@read sqlx::sqlite::SqliteRow, $name { $($field: $kind,)* });
        $crate::row!(@read sqlx::postgres::PgRow, $name { $($field: $kind,)* });
    };
    (@read $row:ty, $name:ident { $($field:ident: $kind:ty,)* }) => {
        const _: () = {
            use $crate::reexport::sqlx;

            impl<'r> sqlx::FromRow<'r, $row> for $name {
                fn from_row(row: &'r $row) -> Result<Self, sqlx::Error> {
                    Ok(Self {
                        $($field: {
                            let stored = sqlx::Row::try_get(row, stringify!($field))?;
                            <$kind as $crate::Column>::from_stored(stored)
                                .map_err(|error| sqlx::Error::Decode(Box::new(error)))?
                        },)*
                    })
                }
            }
        };
    };
}
