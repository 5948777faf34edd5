//! What is printed on stdout: results only, as a table, one JSON document, or one per line. Never colours.

use std::io::{self, Write as _};

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;

pub(crate) use crate::table::table;

use crate::table::printable;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One indented JSON document
    Json,
    /// One JSON document per line, each as soon as it is known
    Ndjson,
}

/// Prints results on stdout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    /// An output of that format.
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    /// The format.
    pub(crate) fn format(self) -> Format {
        self.format
    }

    /// Prints one result; the text is what people see.
    pub(crate) fn document<T: Serialize>(
        self,
        document: &T,
        text: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Table => print(&text(document)),
            Format::Json => print(&serde_json::to_string_pretty(document)?),
            Format::Ndjson => print(&serde_json::to_string(document)?),
        }
    }

    /// Prints a whole list of results.
    pub(crate) fn list<T: Serialize>(self, items: &[T], text: impl FnOnce(&[T]) -> String) -> io::Result<()> {
        match self.format {
            Format::Table => print(&text(items)),
            Format::Json => print(&serde_json::to_string_pretty(items)?),
            Format::Ndjson => items.iter().try_for_each(|item| self.row(item)),
        }
    }

    /// Prints one line of NDJSON.
    pub(crate) fn row<T: Serialize>(self, item: &T) -> io::Result<()> {
        print(&serde_json::to_string(item)?)
    }

    /// Prints text that is the result itself, whatever the format.
    pub(crate) fn raw(self, text: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text)?;
        stdout.flush()
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", text.trim_end_matches('\n'))?;
    stdout.flush()
}

/// Names and values in two columns, without a header.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!(" {name:width$}  {}\n", printable(value));
    facts.iter().map(line).collect()
}

/// A time of the server for people: to the second, in UTC and saying so. What is no time is shown as it is.
pub(crate) fn time(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// A time of the server with how far away it is, such as `2026-01-02 00:00:00 UTC (in 3 h 20 min)`.
pub(crate) fn time_ahead(text: &str) -> String {
    let shown = time(text);
    let seconds = text.parse::<Timestamp>().map_or(0, |at| at.duration_since(Timestamp::now()).as_secs());
    match seconds {
        ..=0 => shown,
        1..60 => format!("{shown} (in {seconds} s)"),
        60..3_600 => format!("{shown} (in {} min)", seconds / 60),
        3_600..86_400 => format!("{shown} (in {} h {} min)", seconds / 3_600, seconds % 3_600 / 60),
        86_400.. => format!("{shown} (in {} d {} h)", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F6: a time says its zone, and what is no time is not hidden.
    #[test]
    fn time_is_shown_to_the_second_in_utc() {
        assert_eq!(time("2026-01-02T05:04:05.000006+02:00"), "2026-01-02 03:04:05 UTC");
        assert_eq!(time("soon"), "soon");
    }

    /// F5: the time until a reset is told in the two largest units.
    #[test]
    fn distance_to_a_reset_is_told() {
        let at = |seconds| (Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string();
        assert!(time_ahead(&at(3 * 3_600 + 20 * 60 + 30)).ends_with("(in 3 h 20 min)"));
        assert!(time_ahead(&at(2 * 86_400 + 30)).ends_with("(in 2 d 0 h)"));
        assert!(time_ahead(&at(-5)).ends_with("UTC"));
    }
}
