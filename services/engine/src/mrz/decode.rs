//! Reading a line of known length out of a recogniser's output: positional CTC, the best path.
//!
//! Each position admits only some symbols, and the line has exactly as many as positions. Must not know fields.

mod lattice;

use std::{fmt, ops::Range};

use self::lattice::Lattice;
use crate::mrz::alphabet::{Symbol, SymbolSet};

/// Natural logarithms of probabilities at one frame: the blank first, then the symbols in the alphabet's order.
///
/// A value that is not a number counts as impossible, one above 0 as 0.
pub type Emission = [f32; Symbol::COUNT + 1];

/// Most frames of a line; the work and memory grow with frames times positions (13 MB at 1024 by 44).
pub const FRAMES_MAX: usize = 1024;
/// Most positions of a line.
pub const POSITIONS_MAX: usize = 44;

/// One character read. The symbol is not shown by `Debug`.
#[derive(Clone, PartialEq)]
pub struct Character {
    /// What it is.
    pub symbol: Symbol,
    /// How much better the best reading of the line is than the best one with another admitted symbol here, as a
    /// natural logarithm, at least 0; infinite where nothing else is possible.
    ///
    /// It compares best paths (max-marginals, the second best), not sums over paths. It says nothing about symbols that
    /// the position does not admit.
    pub margin: f64,
    /// The frames that emit it on the best path.
    pub frames: Range<usize>,
}

impl fmt::Debug for Character {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Character");
        shown.field("margin", &self.margin).field("frames", &self.frames).finish_non_exhaustive()
    }
}

/// A line read.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// One character for each position.
    pub characters: Vec<Character>,
    /// Natural logarithm of the best path's probability.
    pub score: f64,
}

impl Line {
    /// The symbols alone.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.characters.iter().map(|character| character.symbol).collect()
    }
}

/// The string of one admitted symbol a position whose best path is the likeliest.
///
/// A symbol is emitted in one frame or several in a row; blanks may stand between symbols, and one must between equal
/// neighbours. None where there are fewer frames than that needs, where every path is impossible, where there is no
/// position, and above [`FRAMES_MAX`] or [`POSITIONS_MAX`].
pub fn decode(allowed: &[SymbolSet], emissions: &[Emission]) -> Option<Line> {
    let fits = (1..=POSITIONS_MAX).contains(&allowed.len())
        && (allowed.len()..=FRAMES_MAX).contains(&emissions.len());
    if !fits {
        return None;
    }
    let lattice = Lattice::forward(allowed, emissions);
    let (score, path) = lattice.best_path()?;
    let reach = lattice.max_marginals();
    let characters = path
        .into_iter()
        .zip(reach)
        .map(|((symbol, frames), reach)| {
            let others = Symbol::all().filter(|other| *other != symbol).map(|other| reach[other.index()]);
            let second = others.fold(f64::NEG_INFINITY, f64::max);
            Character { symbol, margin: (reach[symbol.index()] - second).max(0.0), frames }
        })
        .collect();
    Some(Line { characters, score })
}

#[cfg(test)]
mod tests;
