//! Which characters readers mix up with which, in OCR-B and the printed types that stand in for it.

use crate::mrz::alphabet::{Symbol, SymbolSet};

/// Each pair is mixed up either way.
const PAIRS: [&str; 20] = [
    "0O", "0Q", "0D", "1I", "1L", "2Z", "4A", "5S", "6G", "7T", "8B", "IL", "OQ", "OD", "CG", "UV", "<K",
    "<C", "<L", "<X",
];

/// Of each symbol, by its place in the alphabet.
const TABLE: [SymbolSet; Symbol::COUNT] = table();

/// The symbols that a reader may take for `symbol`, or it for them; never itself.
pub fn confusions(symbol: Symbol) -> SymbolSet {
    TABLE[symbol.index()]
}

const fn table() -> [SymbolSet; Symbol::COUNT] {
    let mut table = [SymbolSet::EMPTY; Symbol::COUNT];
    let mut at = 0;
    while at < PAIRS.len() {
        let pair = PAIRS[at].as_bytes();
        if let (Some(a), Some(b)) = (Symbol::from_ascii(pair[0]), Symbol::from_ascii(pair[1])) {
            table[a.index()] = table[a.index()].or(SymbolSet::just(b));
            table[b.index()] = table[b.index()].or(SymbolSet::just(a));
        }
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusion_is_mutual_and_never_with_itself() {
        for symbol in Symbol::all() {
            assert!(!confusions(symbol).contains(symbol));
            for other in confusions(symbol).iter() {
                assert!(confusions(other).contains(symbol));
            }
        }
        let of = |byte| Symbol::from_ascii(byte).map(confusions);
        assert_eq!(of(b'0'), Some(SymbolSet::of("ODQ")));
        assert_eq!(of(b'<'), Some(SymbolSet::of("KCLX")));
        assert_eq!(of(b'W'), Some(SymbolSet::EMPTY));
    }
}
