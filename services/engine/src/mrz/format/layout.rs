//! Where the fields of each format lie. Lines and columns count from 0; the standard's count from 1.

use super::Grammar;

/// A field of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKind {
    /// Document code.
    DocumentCode,
    /// Issuing state or organisation.
    IssuingState,
    /// Names of the holder.
    Names,
    /// Document number.
    DocumentNumber,
    /// Nationality of the holder.
    Nationality,
    /// Date of birth.
    BirthDate,
    /// Sex.
    Sex,
    /// Date of expiry.
    ExpiryDate,
    /// Optional data; the personal number in TD3.
    OptionalData,
    /// Optional data in the second line of TD1.
    OptionalDataSecond,
}

/// One character's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line from the top, from 0.
    pub line: usize,
    /// Character from the left, from 0.
    pub column: usize,
}

/// Neighbouring places in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Line from the top, from 0.
    pub line: usize,
    /// First column.
    pub start: usize,
    /// Number of characters.
    pub len: usize,
}

impl Span {
    const fn new(line: usize, start: usize, len: usize) -> Self {
        Self { line, start, len }
    }

    /// Whether the position lies in it.
    pub const fn contains(self, at: Position) -> bool {
        at.line == self.line && at.column >= self.start && at.column < self.start + self.len
    }

    /// Its positions from the left.
    pub fn positions(self) -> impl Iterator<Item = Position> {
        (self.start..self.start + self.len).map(move |column| Position { line: self.line, column })
    }
}

/// Where a field lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Which field it is.
    pub kind: FieldKind,
    /// Its characters.
    pub span: Span,
    /// Its own check digit, if it has one.
    pub check_digit: Option<Position>,
    /// What its characters may be.
    pub grammar: Grammar,
}

/// The check digit over several fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Composite {
    /// What it covers, in the order of the weights.
    pub spans: &'static [Span],
    /// Where it stands.
    pub check_digit: Position,
}

/// A field without a check digit of its own.
const fn plain(kind: FieldKind, grammar: Grammar, line: usize, start: usize, len: usize) -> FieldSpec {
    FieldSpec { kind, span: Span::new(line, start, len), check_digit: None, grammar }
}

/// The empty field of a kind that a format does not have.
pub(super) const fn absent(kind: FieldKind) -> FieldSpec {
    plain(kind, Grammar::Optional, 0, 0, 0)
}

/// A field with its check digit right behind it.
const fn checked(kind: FieldKind, grammar: Grammar, line: usize, start: usize, len: usize) -> FieldSpec {
    let check_digit = Some(Position { line, column: start + len });
    FieldSpec { kind, span: Span::new(line, start, len), check_digit, grammar }
}

/// Part 5, 4.2.2.
pub(super) const TD1: [FieldSpec; 10] = [
    plain(FieldKind::DocumentCode, Grammar::CardCode, 0, 0, 2),
    plain(FieldKind::IssuingState, Grammar::State, 0, 2, 3),
    checked(FieldKind::DocumentNumber, Grammar::Number, 0, 5, 9),
    plain(FieldKind::OptionalData, Grammar::Optional, 0, 15, 15),
    checked(FieldKind::BirthDate, Grammar::BirthDate, 1, 0, 6),
    plain(FieldKind::Sex, Grammar::Sex, 1, 7, 1),
    checked(FieldKind::ExpiryDate, Grammar::ExpiryDate, 1, 8, 6),
    plain(FieldKind::Nationality, Grammar::State, 1, 15, 3),
    plain(FieldKind::OptionalDataSecond, Grammar::Optional, 1, 18, 11),
    plain(FieldKind::Names, Grammar::Names, 2, 0, 30),
];
pub(super) const TD1_COMPOSITE: Composite = Composite {
    spans: &[Span::new(0, 5, 25), Span::new(1, 0, 7), Span::new(1, 8, 7), Span::new(1, 18, 11)],
    check_digit: Position { line: 1, column: 29 },
};

/// The two lines that all other formats share, up to the optional data.
const fn two_lines(code: Grammar, len: usize, optional: FieldSpec) -> [FieldSpec; 9] {
    [
        plain(FieldKind::DocumentCode, code, 0, 0, 2),
        plain(FieldKind::IssuingState, Grammar::State, 0, 2, 3),
        plain(FieldKind::Names, Grammar::Names, 0, 5, len - 5),
        checked(FieldKind::DocumentNumber, Grammar::Number, 1, 0, 9),
        plain(FieldKind::Nationality, Grammar::State, 1, 10, 3),
        checked(FieldKind::BirthDate, Grammar::BirthDate, 1, 13, 6),
        plain(FieldKind::Sex, Grammar::Sex, 1, 20, 1),
        checked(FieldKind::ExpiryDate, Grammar::ExpiryDate, 1, 21, 6),
        optional,
    ]
}

/// Part 6, 4.2.2.
pub(super) const TD2: [FieldSpec; 9] =
    two_lines(Grammar::CardCode, 36, plain(FieldKind::OptionalData, Grammar::Optional, 1, 28, 7));
pub(super) const TD2_COMPOSITE: Composite = Composite {
    spans: &[Span::new(1, 0, 10), Span::new(1, 13, 7), Span::new(1, 21, 14)],
    check_digit: Position { line: 1, column: 35 },
};

/// Part 4, 4.2.2.
pub(super) const TD3: [FieldSpec; 9] =
    two_lines(Grammar::PassportCode, 44, checked(FieldKind::OptionalData, Grammar::Optional, 1, 28, 14));
pub(super) const TD3_COMPOSITE: Composite = Composite {
    spans: &[Span::new(1, 0, 10), Span::new(1, 13, 7), Span::new(1, 21, 22)],
    check_digit: Position { line: 1, column: 43 },
};

/// Part 7: a visa of two lines of 44.
pub(super) const MRV_A: [FieldSpec; 9] =
    two_lines(Grammar::VisaCode, 44, plain(FieldKind::OptionalData, Grammar::Optional, 1, 28, 16));
/// Part 7: a visa of two lines of 36.
pub(super) const MRV_B: [FieldSpec; 9] =
    two_lines(Grammar::VisaCode, 36, plain(FieldKind::OptionalData, Grammar::Optional, 1, 28, 8));
