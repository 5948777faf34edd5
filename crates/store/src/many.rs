//! Statements about many rows at once.

use std::fmt::Write;

use sqlx::AssertSqlSafe;

use crate::Backend;

/// A statement with placeholders for `rows` rows of `columns` values between two texts of the program, which have none:
/// `$1, $2, $3` where a row is one value, else `($1, $2), ($3, $4)`.
///
/// For SQLite they are `?`: it looks the names of others up one by one, and each look goes through all before it.
///
/// No value can get into it, since all it is made of is constant. Bound the number of rows: each makes a statement of
/// its own, and backends take 65,535 (PostgreSQL) or 32,766 (SQLite) values.
pub fn of_rows(
    backend: Backend,
    before: &'static str,
    columns: usize,
    rows: usize,
    after: &'static str,
) -> AssertSqlSafe<String> {
    let mut text = String::with_capacity(before.len() + rows * columns * 5 + after.len());
    text.push_str(before);
    for row in 0..rows {
        text.push_str(if row == 0 { "" } else { ", " });
        text.push_str(if columns == 1 { "" } else { "(" });
        for column in 0..columns {
            text.push_str(if column == 0 { "" } else { ", " });
            match backend {
                Backend::Sqlite => text.push('?'),
                Backend::Postgres => {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "${}", row * columns + column + 1);
                }
            }
        }
        text.push_str(if columns == 1 { "" } else { ")" });
    }
    text.push_str(after);
    AssertSqlSafe(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_through() {
        let of = |backend, before, columns, rows, after| of_rows(backend, before, columns, rows, after).0;
        assert_eq!(of(Backend::Postgres, "VALUES ", 2, 2, ";"), "VALUES ($1, $2), ($3, $4);");
        assert_eq!(of(Backend::Postgres, "IN (", 1, 3, ")"), "IN ($1, $2, $3)");
        assert_eq!(of(Backend::Sqlite, "VALUES ", 2, 2, ";"), "VALUES (?, ?), (?, ?);");
        assert_eq!(of(Backend::Sqlite, "IN (", 1, 3, ")"), "IN (?, ?, ?)");
    }
}
