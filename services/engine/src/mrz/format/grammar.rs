//! What the characters of a field may be, place by place.

use crate::mrz::alphabet::SymbolSet;

/// The kind of text that a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// Document code of a card: `A`, `C` or `I`, then a letter or filler.
    CardCode,
    /// Document code of a passport: `P`, then a letter or filler.
    PassportCode,
    /// Document code of a visa: `V`, then a letter or filler.
    VisaCode,
    /// Three letters, the last two of which may be fillers.
    State,
    /// Letters and fillers, a letter in front.
    Names,
    /// Letters, digits and fillers, no filler in front.
    Number,
    /// Year, month, day, two digits each; fillers where unknown (part 3, 4.8).
    BirthDate,
    /// `M`, `F` or filler.
    Sex,
    /// Year, month, day, two digits each.
    ExpiryDate,
    /// Letters, digits and fillers.
    Optional,
}

impl Grammar {
    /// Which characters the field's place admits, counted from 0.
    pub const fn allowed(self, place: usize) -> SymbolSet {
        match self {
            Self::CardCode => code(SymbolSet::of("ACI"), place),
            Self::PassportCode => code(SymbolSet::of("P"), place),
            Self::VisaCode => code(SymbolSet::of("V"), place),
            Self::State | Self::Names => code(SymbolSet::LETTERS, place),
            Self::Number => match place {
                0 => SymbolSet::ALPHANUMERIC,
                _ => SymbolSet::ALL,
            },
            Self::BirthDate => date(place).or(SymbolSet::FILLER),
            Self::Sex => SymbolSet::of("MF<"),
            Self::ExpiryDate => date(place),
            Self::Optional => SymbolSet::ALL,
        }
    }
}

/// `first` in front, letters or fillers after it.
const fn code(first: SymbolSet, place: usize) -> SymbolSet {
    match place {
        0 => first,
        _ => SymbolSet::LETTERS.or(SymbolSet::FILLER),
    }
}

/// Months begin with 0 or 1, days with 0 to 3.
const fn date(place: usize) -> SymbolSet {
    match place {
        2 => SymbolSet::of("01"),
        4 => SymbolSet::of("0123"),
        _ => SymbolSet::DIGITS,
    }
}
