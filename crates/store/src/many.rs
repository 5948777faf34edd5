//! Statements about many rows at once.

use std::fmt::Write;

use sqlx::AssertSqlSafe;

/// A statement with placeholders for `rows` rows of `columns` values between two texts of the program: `$1, $2, $3`
/// where a row is one value, else `($1, $2), ($3, $4)`.
///
/// No value can get into it, since all it is made of is constant. Bound the number of rows: each makes a statement of
/// its own, and backends take 65,535 (PostgreSQL) or 32,766 (SQLite) values.
pub fn of_rows(
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
            let separator = if column == 0 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}${}", row * columns + column + 1);
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
        assert_eq!(of_rows("VALUES ", 2, 2, ";").0, "VALUES ($1, $2), ($3, $4);");
        assert_eq!(of_rows("IN (", 1, 3, ")").0, "IN ($1, $2, $3)");
    }
}
