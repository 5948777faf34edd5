//! The check digits of a zone, and what they cannot see.

use crate::mrz::{
    alphabet::{Symbol, check_digit},
    format::{FieldKind, FieldSpec, Span},
    repair::confusions,
    zone::Zone,
};

/// What the check digits say about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Its check digit is right.
    Right,
    /// Its check digit is wrong.
    Wrong,
    /// A filler stands where its check digit must be, or the rest of a long number lacks one.
    Absent,
    /// It has none of its own and lies under the composite.
    CompositeOnly,
    /// No check digit sees it.
    Unprotected,
}

/// A document number of more than nine characters: the rest of it and its check digit in the optional data.
pub(crate) struct LongNumber {
    /// All of the number.
    pub(crate) symbols: Vec<Symbol>,
    /// Its check digit.
    pub(crate) check_digit: Symbol,
    /// How much of the optional data it takes: rest, check digit and the filler behind it.
    pub(crate) taken: usize,
}

/// The long number, where a filler stands for the check digit and the optional data begins with a rest and a digit.
pub(crate) fn long_number(zone: &Zone) -> Option<LongNumber> {
    let format = zone.format();
    let number = format.field(FieldKind::DocumentNumber);
    let optional = format.field(FieldKind::OptionalData);
    let mut symbols: Vec<Symbol> = zone.symbols(number.span).collect();
    let is_marked = format.has_long_numbers() && zone.at(number.check_digit?) == Symbol::FILLER;
    if !is_marked || symbols.contains(&Symbol::FILLER) {
        return None;
    }
    symbols.extend(zone.symbols(optional.span).take_while(|symbol| *symbol != Symbol::FILLER));
    let taken = (symbols.len() - number.span.len + 1).min(optional.span.len);
    let check_digit = symbols.pop()?;
    (symbols.len() > number.span.len).then_some(LongNumber { symbols, check_digit, taken })
}

/// What the check digits say about a field of the zone's format.
pub(crate) fn check(zone: &Zone, field: &FieldSpec) -> Check {
    let Some(at) = field.check_digit else {
        let composite = zone.format().composite();
        let is_covered = field.span.positions().next().is_some_and(|first| {
            composite.is_some_and(|composite| composite.spans.iter().any(|span| span.contains(first)))
        });
        return if is_covered { Check::CompositeOnly } else { Check::Unprotected };
    };
    let digit = zone.at(at);
    if field.kind == FieldKind::DocumentNumber
        && let Some(long) = long_number(zone)
    {
        return compare(long.symbols, long.check_digit);
    }
    // An empty personal number may have a filler or a zero: both count 0.
    let is_empty = zone.symbols(field.span).all(|symbol| symbol == Symbol::FILLER);
    if digit == Symbol::FILLER && field.kind == FieldKind::OptionalData && is_empty {
        return Check::Right;
    }
    compare(zone.symbols(field.span), digit)
}

/// What the composite says about the whole; none for formats without it.
pub(crate) fn check_composite(zone: &Zone) -> Option<Check> {
    let composite = zone.format().composite()?;
    let covered = composite.spans.iter().flat_map(|span: &Span| zone.symbols(*span));
    Some(compare(covered, zone.at(composite.check_digit)))
}

fn compare(symbols: impl IntoIterator<Item = Symbol>, digit: Symbol) -> Check {
    if digit == Symbol::FILLER {
        return Check::Absent;
    }
    let is_right = digit.is_digit() && check_digit(symbols) == digit.value();
    if is_right { Check::Right } else { Check::Wrong }
}

/// Which substitutions of one character no check digit can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blindness {
    /// Some position admits another symbol that counts the same.
    pub(crate) to_any: bool,
    /// Some position admits one that readers mix up with what stands there.
    pub(crate) to_look_alike: bool,
}

/// What the check digits of a field cannot see, over its characters and its check digit; nothing for fields that no
/// check digit covers at all.
pub(crate) fn blindness(zone: &Zone, field: &FieldSpec) -> Blindness {
    let mut blindness = Blindness { to_any: false, to_look_alike: false };
    if check(zone, field) == Check::Unprotected {
        return blindness;
    }
    for at in field.span.positions().chain(field.check_digit) {
        let symbol = zone.at(at);
        let mut twins =
            zone.allowed(at).iter().filter(|other| *other != symbol && other.counts_as(symbol)).peekable();
        blindness.to_any |= twins.peek().is_some();
        blindness.to_look_alike |= twins.any(|other| confusions(symbol).contains(other));
    }
    blindness
}
