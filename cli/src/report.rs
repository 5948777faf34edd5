//! What is said on stderr: errors, warnings and notes, in step with the progress bar. It never sees a secret.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use clap::builder::styling::{AnsiColor, Style};
use indicatif::ProgressBar;

pub(crate) use crate::table::printable;

use crate::args::{GlobalOptions, ProgressMode};

/// Something that went wrong and what can be said about it.
pub(crate) trait Explained: fmt::Display {
    /// Lines that belong under the message: which fields, which request, what to do.
    fn notes(&self) -> Vec<String>;
}

/// Says things on stderr. Clones speak with one voice.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    is_quiet: bool,
    has_color: bool,
    as_json: bool,
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Reporter {
    /// A reporter as the options want it; colours only on a terminal.
    pub(crate) fn new(options: &GlobalOptions) -> Self {
        let forbids_color =
            options.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_quiet: options.quiet,
            has_color: !forbids_color && std::io::stderr().is_terminal(),
            as_json: options.progress == ProgressMode::Json,
            bar: Arc::default(),
        }
    }

    /// Reports a failure with its notes.
    pub(crate) fn failure(&self, failure: &impl Explained) {
        self.failure_of(None, failure);
    }

    /// Reports the failure of one item of several.
    pub(crate) fn failure_of(&self, item: Option<&str>, failure: &impl Explained) {
        let message = match item {
            Some(item) => format!("{}: {failure}", printable(item)),
            None => failure.to_string(),
        };
        self.say("error", AnsiColor::Red, &message, &failure.notes());
    }

    /// Warns, unless quiet.
    pub(crate) fn warning(&self, message: &str) {
        if !self.is_quiet {
            self.say("warning", AnsiColor::Yellow, message, &[]);
        }
    }

    /// Tells something good to know, unless quiet.
    pub(crate) fn note(&self, message: &str) {
        if !self.is_quiet {
            self.say("note", AnsiColor::Cyan, message, &[]);
        }
    }

    /// Writes one line as it is.
    pub(crate) fn line(&self, text: &str) {
        let write = || {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        };
        match &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// From now on lines are written above this bar; `None` when it is gone.
    pub(crate) fn set_bar(&self, bar: Option<ProgressBar>) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    fn say(&self, label: &str, color: AnsiColor, message: &str, notes: &[String]) {
        if self.as_json {
            let event = serde_json::json!({ "event": label, "message": message, "notes": notes });
            return self.line(&event.to_string());
        }
        let style = if self.has_color { color.on_default().bold() } else { Style::new() };
        let mut text = format!("{style}{label}{style:#}: {message}");
        for note in notes {
            text.push_str("\n  ");
            text.push_str(note);
        }
        self.line(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F8: a file's name can not steer the terminal.
    #[test]
    fn escape_sequence_does_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31m\u{9b}2Jb é"), "a\u{fffd}[31m\u{fffd}2Jb é");
    }
}
