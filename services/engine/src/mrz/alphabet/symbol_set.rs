//! Sets of symbols as bit masks: what a position of the zone admits.

use super::Symbol;

/// A set of symbols, one bit for each in the alphabet's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SymbolSet(u64);

impl SymbolSet {
    /// No symbol.
    pub const EMPTY: Self = Self(0);
    /// `A` to `Z`.
    pub const LETTERS: Self = Self((1 << 26) - 1);
    /// `0` to `9`.
    pub const DIGITS: Self = Self(((1 << 10) - 1) << 26);
    /// The filler alone.
    pub const FILLER: Self = Self(1 << 36);
    /// Letters and digits.
    pub const ALPHANUMERIC: Self = Self::LETTERS.or(Self::DIGITS);
    /// All 37.
    pub const ALL: Self = Self::ALPHANUMERIC.or(Self::FILLER);

    /// The symbols of an ASCII text; characters outside the alphabet are left out.
    pub const fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut bits, mut at) = (0, 0);
        while at < bytes.len() {
            if let Some(symbol) = Symbol::from_ascii(bytes[at]) {
                bits |= Self::just(symbol).0;
            }
            at += 1;
        }
        Self(bits)
    }

    /// The symbol alone.
    pub const fn just(symbol: Symbol) -> Self {
        Self(1 << symbol.index())
    }

    /// Both sets together.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the symbol is in the set.
    pub const fn contains(self, symbol: Symbol) -> bool {
        self.0 >> symbol.index() & 1 == 1
    }

    /// The symbols in the alphabet's order.
    pub fn iter(self) -> impl Iterator<Item = Symbol> {
        Symbol::all().filter(move |symbol| self.contains(*symbol))
    }

    /// The symbol, if there is exactly one.
    pub fn only(self) -> Option<Symbol> {
        let mut symbols = self.iter();
        symbols.next().filter(|_| symbols.next().is_none())
    }
}

impl FromIterator<Symbol> for SymbolSet {
    fn from_iter<I: IntoIterator<Item = Symbol>>(symbols: I) -> Self {
        symbols.into_iter().fold(Self::EMPTY, |set, symbol| set.or(Self::just(symbol)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_they_are_made_of() {
        assert_eq!(SymbolSet::ALL.iter().count(), Symbol::COUNT);
        assert_eq!(SymbolSet::DIGITS, SymbolSet::of("0123456789"));
        assert_eq!(SymbolSet::of("M").only(), Symbol::from_ascii(b'M'));
        assert_eq!(SymbolSet::of("MF").only(), None);
        assert_eq!(SymbolSet::EMPTY.only(), None);
        assert_eq!(SymbolSet::LETTERS.and(SymbolSet::DIGITS), SymbolSet::EMPTY);
        assert_eq!(SymbolSet::DIGITS.iter().collect::<SymbolSet>(), SymbolSet::DIGITS);
    }
}
