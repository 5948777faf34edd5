//! The text of a zone: lines of symbols of the format's shape. Personal data: never shown by `Debug`.

use std::fmt;

use crate::mrz::{
    alphabet::{Symbol, SymbolSet},
    format::{Format, Position, Span},
};

/// A text is not a zone of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// The number of lines is not the format's.
    #[error("the zone must have {expected} lines, not {got}")]
    LineCount {
        /// The format's.
        expected: usize,
        /// The text's.
        got: usize,
    },
    /// A line's length is not the format's.
    #[error("line {line} must have {expected} characters, not {got}")]
    LineLen {
        /// From 0.
        line: usize,
        /// The format's.
        expected: usize,
        /// The text's.
        got: usize,
    },
    /// A character is none of `A` to `Z`, `0` to `9` and `<`.
    #[error("line {}, column {} is outside the zone's alphabet", .0.line, .0.column)]
    Character(Position),
}

/// A zone as it was read, whether or not it makes sense.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    format: Format,
    /// As many as the format says, each as long as it says.
    lines: Vec<Vec<Symbol>>,
}

impl Zone {
    /// From lines of text.
    ///
    /// # Errors
    /// The number of lines, a length or a character is not the format's.
    pub fn from_text(format: Format, lines: &[&str]) -> Result<Self, ShapeError> {
        let read = |(line, text): (usize, &&str)| {
            let symbol = |(column, character): (usize, char)| {
                let symbol = u8::try_from(character).ok().and_then(Symbol::from_ascii);
                symbol.ok_or(ShapeError::Character(Position { line, column }))
            };
            text.chars().enumerate().map(symbol).collect()
        };
        Self::from_symbols(format, lines.iter().enumerate().map(read).collect::<Result<_, _>>()?)
    }

    /// From lines of symbols.
    ///
    /// # Errors
    /// The number of lines or a length is not the format's.
    pub fn from_symbols(format: Format, lines: Vec<Vec<Symbol>>) -> Result<Self, ShapeError> {
        if lines.len() != format.line_count() {
            return Err(ShapeError::LineCount { expected: format.line_count(), got: lines.len() });
        }
        let expected = format.line_len();
        match lines.iter().enumerate().find(|(_, symbols)| symbols.len() != expected) {
            Some((line, symbols)) => Err(ShapeError::LineLen { line, expected, got: symbols.len() }),
            None => Ok(Self { format, lines }),
        }
    }

    /// The format.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The lines as text.
    pub fn to_lines(&self) -> Vec<String> {
        self.lines.iter().map(|symbols| text_of(symbols)).collect()
    }

    /// The symbol at a position; the filler outside the lines.
    pub fn at(&self, at: Position) -> Symbol {
        self.lines.get(at.line).and_then(|line| line.get(at.column)).copied().unwrap_or(Symbol::FILLER)
    }

    /// The symbols of a span.
    pub fn symbols(&self, span: Span) -> impl Iterator<Item = Symbol> {
        span.positions().map(|at| self.at(at))
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> String {
        self.symbols(span).map(Symbol::to_char).collect()
    }

    /// The same zone with another symbol at a position; unchanged outside the lines.
    #[must_use]
    pub fn with(&self, at: Position, symbol: Symbol) -> Self {
        let mut zone = self.clone();
        if let Some(place) = zone.lines.get_mut(at.line).and_then(|line| line.get_mut(at.column)) {
            *place = symbol;
        }
        zone
    }

    /// What the format admits at a position.
    pub fn allowed(&self, at: Position) -> SymbolSet {
        self.format.allowed(at)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Zone").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Symbols as text.
pub(crate) fn text_of(symbols: &[Symbol]) -> String {
    symbols.iter().map(|symbol| symbol.to_char()).collect()
}
