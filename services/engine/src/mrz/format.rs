//! The five formats: how many lines of which length, where each field lies and what each position admits.
//!
//! Follows ICAO 9303 part 4 (TD3), part 5 (TD1), part 6 (TD2) and part 7 (visas). Must not know how text is read.

mod grammar;
mod layout;

pub use self::{
    grammar::Grammar,
    layout::{Composite, FieldKind, FieldSpec, Position, Span},
};
use crate::mrz::alphabet::SymbolSet;

/// A format of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Cards of the size of a bank card: 3 lines of 30.
    Td1,
    /// Larger cards: 2 lines of 36.
    Td2,
    /// Passports: 2 lines of 44.
    Td3,
    /// Full-size visas: 2 lines of 44.
    MrvA,
    /// Small visas: 2 lines of 36.
    MrvB,
}

/// What a position of the zone is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A character of the field.
    Value(FieldKind),
    /// The check digit of the field.
    CheckDigit(FieldKind),
    /// The check digit over several fields.
    CompositeCheckDigit,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Td1, Self::Td2, Self::Td3, Self::MrvA, Self::MrvB];

    /// Number of lines, 2 or 3.
    pub const fn line_count(self) -> usize {
        match self {
            Self::Td1 => 3,
            _ => 2,
        }
    }

    /// Characters of every line: 30, 36 or 44.
    pub const fn line_len(self) -> usize {
        match self {
            Self::Td1 => 30,
            Self::Td2 | Self::MrvB => 36,
            Self::Td3 | Self::MrvA => 44,
        }
    }

    /// The formats that so many lines of this aspect can have; none for other than 2 or 3 lines.
    ///
    /// `aspect` is a line's width by the distance between the lines: nominally 14.4 for 36 characters and 17.6 for
    /// 44, at 10 characters and 4 lines an inch (parts 4 and 6: lines 6.35 mm apart). Between them any may be meant.
    pub fn candidates(line_count: usize, aspect: f32) -> &'static [Self] {
        match line_count {
            3 => &[Self::Td1],
            2 if aspect >= 16.6 => &[Self::Td3, Self::MrvA],
            2 if aspect <= 15.4 => &[Self::Td2, Self::MrvB],
            2 => &[Self::Td3, Self::MrvA, Self::Td2, Self::MrvB],
            _ => &[],
        }
    }

    /// The format of lines of text, by their number, their length and a `V` in front for visas.
    pub fn recognise(lines: &[&str]) -> Option<Self> {
        let is_visa = lines.first()?.starts_with('V');
        let is_shape = |format: &Self| {
            lines.len() == format.line_count() && lines.iter().all(|line| line.len() == format.line_len())
        };
        let is_kind = |format: &Self| matches!(format, Self::MrvA | Self::MrvB) == is_visa;
        Self::ALL.into_iter().find(|format| is_shape(format) && is_kind(format))
    }

    /// The fields by line and column. Every format has all kinds but the second optional data, which TD1 alone has.
    pub const fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::Td1 => &layout::TD1,
            Self::Td2 => &layout::TD2,
            Self::Td3 => &layout::TD3,
            Self::MrvA => &layout::MRV_A,
            Self::MrvB => &layout::MRV_B,
        }
    }

    /// The field of a kind; empty where the format has none.
    pub fn field(self, kind: FieldKind) -> FieldSpec {
        let own = self.fields().iter().find(|field| field.kind == kind);
        own.copied().unwrap_or(layout::absent(kind))
    }

    /// The composite check digit; visas have none.
    pub const fn composite(self) -> Option<&'static Composite> {
        match self {
            Self::Td1 => Some(&layout::TD1_COMPOSITE),
            Self::Td2 => Some(&layout::TD2_COMPOSITE),
            Self::Td3 => Some(&layout::TD3_COMPOSITE),
            Self::MrvA | Self::MrvB => None,
        }
    }

    /// What a position is there for; none outside the lines.
    pub fn role(self, at: Position) -> Option<Role> {
        let in_field = self.fields().iter().find_map(|field| {
            if field.span.contains(at) {
                return Some(Role::Value(field.kind));
            }
            (field.check_digit == Some(at)).then_some(Role::CheckDigit(field.kind))
        });
        let is_composite = self.composite().is_some_and(|composite| composite.check_digit == at);
        in_field.or(is_composite.then_some(Role::CompositeCheckDigit))
    }

    /// Which characters a position admits; none outside the lines.
    pub fn allowed(self, at: Position) -> SymbolSet {
        match self.role(at) {
            Some(Role::Value(kind)) => {
                let field = self.field(kind);
                field.grammar.allowed(at.column - field.span.start)
            }
            Some(Role::CheckDigit(kind)) if self.may_omit_check_digit(kind) => {
                SymbolSet::DIGITS.or(SymbolSet::FILLER)
            }
            Some(Role::CheckDigit(_) | Role::CompositeCheckDigit) => SymbolSet::DIGITS,
            None => SymbolSet::EMPTY,
        }
    }

    /// What each position of a line admits, from the left.
    pub fn allowed_in_line(self, line: usize) -> Vec<SymbolSet> {
        (0..self.line_len()).map(|column| self.allowed(Position { line, column })).collect()
    }

    /// Whether a long document number runs on in the optional data, with a filler as its check digit (part 5, 4.2.2;
    /// part 6, 4.2.2).
    pub const fn has_long_numbers(self) -> bool {
        matches!(self, Self::Td1 | Self::Td2)
    }

    /// Whether a filler may stand for the field's check digit: long numbers, and an empty personal number of TD3.
    const fn may_omit_check_digit(self, kind: FieldKind) -> bool {
        match kind {
            FieldKind::DocumentNumber => self.has_long_numbers(),
            FieldKind::OptionalData => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
