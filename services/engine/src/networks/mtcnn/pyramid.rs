//! The pyramid: at which sizes the picture is searched, and how a level is cut into tiles.

use std::ops::Range;

use super::{boxes::Candidate, stages::Cell};
use crate::image::{Picture, Rectangle, shrink};

/// Side of the proposal network's window, pixels of a level.
const WINDOW_PX: usize = 12;
/// Distance between the windows of neighbouring cells, pixels of a level.
const STRIDE_PX: usize = 2;
/// Size of a level relative to the one before.
const FACTOR: f64 = 0.709;
/// Side of a tile in cells; its 522 px square of input needs about 14 MB in the widest layer.
const TILE_CELLS: usize = 256;

/// Scales at which a picture with this shorter side is searched, largest first.
pub(super) fn scales(shorter_px: u32, min_face_px: u32) -> impl Iterator<Item = f64> {
    let first = WINDOW_PX as f64 / f64::from(min_face_px.max(1));
    let shorter = f64::from(shorter_px) * first;
    std::iter::successors(Some((first, shorter)), |(scale, side)| Some((scale * FACTOR, side * FACTOR)))
        .take_while(|(_, side)| *side >= WINDOW_PX as f64)
        .map(|(scale, _)| scale)
}

/// The picture at one scale.
pub(super) struct Level {
    scale: f64,
    height: usize,
    width: usize,
}

/// Some cells of a level.
pub(super) struct Tile {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Level {
    pub(super) fn new(picture: &Picture, scale: f64) -> Self {
        let size = |side: u32| (f64::from(side) * scale + 1.0) as usize;
        Self { scale, height: size(picture.height()), width: size(picture.width()) }
    }

    /// Tiles that cover all cells once.
    pub(super) fn tiles(&self) -> Vec<Tile> {
        let (rows, columns) = (cells(self.height), cells(self.width));
        let parts = |count: usize| {
            (0..count).step_by(TILE_CELLS).map(move |start| start..(start + TILE_CELLS).min(count))
        };
        parts(rows)
            .flat_map(|rows| parts(columns).map(move |columns| Tile { rows: rows.clone(), columns }))
            .collect()
    }

    /// The pixels under a tile's windows, `[height, width, 3]`, and height and width.
    pub(super) fn render(&self, picture: &Picture, tile: &Tile) -> (Vec<f32>, usize, usize) {
        let span = |part: &Range<usize>, size: usize| {
            // The last tile keeps an odd column that the pooling's last, partial window sees.
            let end = if part.end == cells(size) { size } else { (part.end - 1) * STRIDE_PX + WINDOW_PX };
            part.start * STRIDE_PX..end
        };
        let (rows, columns) = (span(&tile.rows, self.height), span(&tile.columns, self.width));
        let (height, width) = (rows.len(), columns.len());
        let mut pixels = Vec::with_capacity(height * width * 3);
        shrink(picture, picture.whole(), (self.width, self.height), (columns, rows), &mut pixels);
        (pixels, height, width)
    }

    /// The window of a tile's cell, in pixels of the picture.
    pub(super) fn candidate(&self, tile: &Tile, cell: Cell) -> Option<Candidate> {
        let (row, column) = (tile.rows.start + cell.row, tile.columns.start + cell.column);
        let edge =
            |index: usize, offset: usize| ((STRIDE_PX * index + offset) as f64 / self.scale).floor() as f32;
        let bounds = Rectangle {
            x0: edge(column, 1),
            y0: edge(row, 1),
            x1: edge(column, WINDOW_PX),
            y1: edge(row, WINDOW_PX),
        };
        cell.score.is_finite().then_some(Candidate { bounds, score: cell.score, offsets: cell.offsets })
    }
}

/// Cells along a side of `size` pixels: what three 3 x 3 windows and one pooling (rounding up) leave.
fn cells(size: usize) -> usize {
    (size.saturating_sub(2)).div_ceil(2).saturating_sub(4)
}

#[cfg(test)]
mod tests;
