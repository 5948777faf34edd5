//! The states of the decoder and their best scores, forwards and backwards.
//!
//! A state is a symbol at a position, or the blank after so many symbols. Frames of equal work: two passes of
//! frames times positions times symbols.

use std::ops::Range;

use super::Emission;
use crate::mrz::alphabet::{Symbol, SymbolSet};

const IMPOSSIBLE: f64 = f64::NEG_INFINITY;

/// Best scores of the symbols at one position.
type Row = [f64; Symbol::COUNT];

/// Each position's symbol and the frames that emit it.
pub(super) type Path = Vec<(Symbol, Range<usize>)>;

/// The best scores after one frame.
#[derive(Clone)]
struct Column {
    /// At each position, of each symbol.
    symbols: Vec<Row>,
    /// Of the blank after 0, 1, ... symbols: one more than positions.
    blanks: Vec<f64>,
}

impl Column {
    fn impossible(positions: usize) -> Self {
        Self {
            symbols: vec![[IMPOSSIBLE; Symbol::COUNT]; positions],
            blanks: vec![IMPOSSIBLE; positions + 1],
        }
    }
}

/// The largest value, where it is, and the largest elsewhere: the best predecessor other than a given symbol.
struct BestTwo {
    first: (f64, usize),
    second: f64,
}

impl BestTwo {
    fn of(row: &Row) -> Self {
        let mut best = Self { first: (IMPOSSIBLE, usize::MAX), second: IMPOSSIBLE };
        for (symbol, &score) in row.iter().enumerate() {
            if score > best.first.0 {
                best.second = best.first.0;
                best.first = (score, symbol);
            } else if score > best.second {
                best.second = score;
            }
        }
        best
    }

    fn except(&self, symbol: usize) -> f64 {
        if self.first.1 == symbol { self.second } else { self.first.0 }
    }
}

/// A line's best scores up to each frame.
pub(super) struct Lattice<'a> {
    allowed: &'a [SymbolSet],
    emissions: &'a [Emission],
    columns: Vec<Column>,
}

impl<'a> Lattice<'a> {
    /// Scores every state forwards.
    pub(super) fn forward(allowed: &'a [SymbolSet], emissions: &'a [Emission]) -> Self {
        let mut lattice = Self { allowed, emissions, columns: Vec::with_capacity(emissions.len()) };
        for frame in 0..emissions.len() {
            let column = match lattice.columns.last() {
                None => lattice.first(),
                Some(before) => lattice.step(before, frame),
            };
            lattice.columns.push(column);
        }
        lattice
    }

    /// The best path and its score. None where every path is impossible.
    pub(super) fn best_path(&self) -> Option<(f64, Path)> {
        let positions = self.allowed.len();
        let last = self.columns.last()?;
        let (mut symbol, of_symbol) = best_of(last.symbols.last()?);
        let mut is_blank = last.blanks[positions] > of_symbol;
        let score = of_symbol.max(last.blanks[positions]);
        if score == IMPOSSIBLE {
            return None;
        }
        let mut path = Vec::with_capacity(positions);
        // Symbols up to and with the current state.
        let mut count = positions;
        let mut end = self.columns.len();
        for frame in (0..self.columns.len()).rev() {
            let before = frame.checked_sub(1).and_then(|frame| self.columns.get(frame));
            if is_blank {
                let Some(before) = before else { break };
                end = frame;
                if count == 0 {
                    break;
                }
                let (previous, score) = best_of(&before.symbols[count - 1]);
                if score >= before.blanks[count] {
                    (is_blank, symbol) = (false, previous);
                }
                continue;
            }
            let Some(before) = before else {
                path.push((Symbol::from_index(symbol)?, frame..end));
                break;
            };
            let stay = before.symbols[count - 1][symbol];
            let from_blank = before.blanks[count - 1];
            let (other, from_other) = match count {
                1 => (symbol, IMPOSSIBLE),
                _ => {
                    let mut row = before.symbols[count - 2];
                    row[symbol] = IMPOSSIBLE;
                    best_of(&row)
                }
            };
            if stay >= from_blank && stay >= from_other {
                continue;
            }
            path.push((Symbol::from_index(symbol)?, frame..end));
            end = frame;
            count -= 1;
            is_blank = from_blank >= from_other;
            if !is_blank {
                symbol = other;
            }
        }
        path.reverse();
        (path.len() == positions).then_some((score, path))
    }

    /// Score of the best whole path through each symbol at each position.
    pub(super) fn max_marginals(&self) -> Vec<Row> {
        let positions = self.allowed.len();
        let mut best = vec![[IMPOSSIBLE; Symbol::COUNT]; positions];
        let mut after = Column::impossible(positions);
        if let Some(row) = after.symbols.last_mut() {
            row.fill(0.0);
        }
        after.blanks[positions] = 0.0;
        for (frame, column) in self.columns.iter().enumerate().rev() {
            if frame + 1 < self.columns.len() {
                after = self.step_back(&after, frame + 1);
            }
            for ((best, before), after) in best.iter_mut().zip(&column.symbols).zip(&after.symbols) {
                for ((best, before), after) in best.iter_mut().zip(before).zip(after) {
                    *best = best.max(before + after);
                }
            }
        }
        best
    }

    /// The first frame: the first symbol, or a blank before it.
    fn first(&self) -> Column {
        let mut column = Column::impossible(self.allowed.len());
        column.blanks[0] = self.blank(0);
        for symbol in self.allowed[0].iter() {
            column.symbols[0][symbol.index()] = self.emission(0, symbol.index());
        }
        column
    }

    fn step(&self, before: &Column, frame: usize) -> Column {
        let positions = self.allowed.len();
        let mut column = Column::impossible(positions);
        let blank = self.blank(frame);
        column.blanks[0] = blank + before.blanks[0];
        // Of the position before; nothing comes before the first.
        let mut previous = BestTwo { first: (IMPOSSIBLE, usize::MAX), second: IMPOSSIBLE };
        for position in 0..positions {
            for symbol in self.allowed[position].iter().map(Symbol::index) {
                let from = before.symbols[position][symbol]
                    .max(before.blanks[position])
                    .max(previous.except(symbol));
                column.symbols[position][symbol] = self.emission(frame, symbol) + from;
            }
            previous = BestTwo::of(&before.symbols[position]);
            column.blanks[position + 1] = blank + before.blanks[position + 1].max(previous.first.0);
        }
        column
    }

    /// Scores of what follows the frame before `frame`, from those of what follows `frame`.
    fn step_back(&self, after: &Column, frame: usize) -> Column {
        let positions = self.allowed.len();
        let mut column = Column::impossible(positions);
        let blank = self.blank(frame);
        column.blanks[positions] = blank + after.blanks[positions];
        // Of the position after; nothing comes after the last.
        let mut next = BestTwo { first: (IMPOSSIBLE, usize::MAX), second: IMPOSSIBLE };
        for position in (0..positions).rev() {
            let mut onwards = [IMPOSSIBLE; Symbol::COUNT];
            for symbol in self.allowed[position].iter().map(Symbol::index) {
                onwards[symbol] = self.emission(frame, symbol) + after.symbols[position][symbol];
                column.symbols[position][symbol] =
                    onwards[symbol].max(blank + after.blanks[position + 1]).max(next.except(symbol));
            }
            next = BestTwo::of(&onwards);
            column.blanks[position] = (blank + after.blanks[position]).max(next.first.0);
        }
        column
    }

    fn blank(&self, frame: usize) -> f64 {
        log_probability(self.emissions[frame][0])
    }

    fn emission(&self, frame: usize, symbol: usize) -> f64 {
        log_probability(self.emissions[frame][symbol + 1])
    }
}

/// Not a number is impossible; nothing is likelier than certain.
fn log_probability(value: f32) -> f64 {
    if value.is_nan() { IMPOSSIBLE } else { f64::from(value.min(0.0)) }
}

fn best_of(row: &Row) -> (usize, f64) {
    row.iter().copied().enumerate().fold((0, IMPOSSIBLE), |best, at| if at.1 > best.1 { at } else { best })
}
