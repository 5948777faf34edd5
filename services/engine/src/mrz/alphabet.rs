//! The 37 characters of the machine readable zone and the check digits over them (ICAO 9303 part 3, 4.9).
//!
//! Owns values, weights and sets of characters; must not know formats or fields.

mod symbol_set;

use std::fmt;

pub use self::symbol_set::SymbolSet;

/// A character of the zone: `A` to `Z`, `0` to `9` or the filler `<`, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(u8);

impl Symbol {
    /// How many there are.
    pub const COUNT: usize = 37;
    /// The filler `<`.
    pub const FILLER: Self = Self(36);

    /// The symbol of an ASCII character, if the zone has it. Small letters are not in the zone.
    pub const fn from_ascii(byte: u8) -> Option<Self> {
        match byte {
            b'A'..=b'Z' => Some(Self(byte - b'A')),
            b'0'..=b'9' => Some(Self(byte - b'0' + 26)),
            b'<' => Some(Self::FILLER),
            _ => None,
        }
    }

    /// The symbol at a place of the alphabet's order, below [`Symbol::COUNT`].
    pub const fn from_index(index: usize) -> Option<Self> {
        if index < Self::COUNT { Some(Self(index as u8)) } else { None }
    }

    /// All symbols in the alphabet's order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }

    /// Place in the alphabet's order, below [`Symbol::COUNT`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// As a character.
    pub const fn to_char(self) -> char {
        (match self.0 {
            letter @ 0..=25 => b'A' + letter,
            digit @ 26..=35 => b'0' + digit - 26,
            _ => b'<',
        }) as char
    }

    /// What it counts in a check digit: digits themselves, `A` = 10 to `Z` = 35, the filler 0.
    pub const fn value(self) -> u32 {
        (match self.0 {
            letter @ 0..=25 => letter + 10,
            digit @ 26..=35 => digit - 26,
            _ => 0,
        }) as u32
    }

    /// Whether it is `0` to `9`.
    pub const fn is_digit(self) -> bool {
        matches!(self.0, 26..=35)
    }

    /// Whether it is `A` to `Z`.
    pub const fn is_letter(self) -> bool {
        self.0 < 26
    }

    /// Whether no check digit can tell the two apart.
    ///
    /// The weights 7, 3 and 1 have no divisor in common with 10: the values differ by a multiple of 10.
    pub const fn counts_as(self, other: Self) -> bool {
        self.value() % 10 == other.value() % 10
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.to_char())
    }
}

/// Check digit over symbols, 0 to 9: the sum of value times weight (7, 3, 1 in turn) modulo 10.
pub fn check_digit(symbols: impl IntoIterator<Item = Symbol>) -> u32 {
    symbols
        .into_iter()
        .zip([7, 3, 1].into_iter().cycle())
        .fold(0, |sum, (symbol, weight)| (sum + symbol.value() * weight) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit_of(text: &str) -> u32 {
        check_digit(text.bytes().filter_map(Symbol::from_ascii))
    }

    /// The examples of ICAO 9303 part 3, 4.9 and of the specimens' fields.
    #[test]
    fn check_digits_are_those_of_the_standard() {
        assert_eq!(digit_of("520727"), 3);
        assert_eq!(digit_of("AB2134<<<"), 5);
        assert_eq!(digit_of("L898902C3"), 6);
        assert_eq!(digit_of("740812"), 2);
        assert_eq!(digit_of("120415"), 9);
        assert_eq!(digit_of("ZE184226B<<<<<"), 1);
        assert_eq!(digit_of("D23145890734"), 9);
    }

    #[test]
    fn every_symbol_survives_the_way_to_ascii_and_back() {
        for symbol in Symbol::all() {
            assert_eq!(u8::try_from(symbol.to_char()).ok().and_then(Symbol::from_ascii), Some(symbol));
            assert_eq!(Symbol::from_index(symbol.index()), Some(symbol));
        }
        assert_eq!(Symbol::all().count(), Symbol::COUNT);
        assert_eq!(Symbol::from_ascii(b'a'), None);
        assert_eq!(Symbol::from_index(37), None);
    }

    #[test]
    fn a_difference_of_ten_cannot_be_told() {
        let same =
            |a: u8, b: u8| Symbol::from_ascii(a).zip(Symbol::from_ascii(b)).map(|(a, b)| a.counts_as(b));
        for (a, b) in [(b'6', b'G'), (b'1', b'L'), (b'<', b'K'), (b'0', b'A'), (b'0', b'U'), (b'<', b'0')] {
            assert_eq!(same(a, b), Some(true));
        }
        for (a, b) in [(b'0', b'O'), (b'1', b'I'), (b'8', b'B'), (b'5', b'S'), (b'2', b'Z')] {
            assert_eq!(same(a, b), Some(false));
        }
    }
}
