//! Where machine readable zones may lie: rows of text that look like one, one below the other.
//!
//! Knows lines of text and their places; reads no picture.

use crate::{
    image::{Point, Quad},
    text::Line,
};

/// Least characters of a line that looks like a row of a zone.
const CHARACTERS_MIN: usize = 15;
/// Most of such a line is in the zone's alphabet.
const ALPHABET_SHARE_MIN: f32 = 0.8;
/// Fillers that make a line a row.
const FILLERS_MIN: usize = 3;
/// A line without them is a row if it is this long, in one piece and has digits.
const UNBROKEN_MIN: usize = 26;
const DIGITS_MIN: usize = 5;

/// Rows of one zone lie at most so far from the widest, in heights of a row.
const REACH_HEIGHTS: f32 = 6.5;
/// Pieces of text whose middles differ less than this lie in one row, in heights of a row.
const SAME_ROW_HEIGHTS: f32 = 0.5;
/// Directions of one zone's rows differ at most so much, radians.
const SLANT_MAX: f32 = 0.12;
/// A piece at most this far beside a row belongs to it, in heights of a row.
const GAP_HEIGHTS: f32 = 6.0;
/// A row whose end is farther in than this from that of the widest was found in part, in heights of a row.
const SHORT_HEIGHTS: f32 = 0.8;
/// What is a row though it could not be read, is so wide against one that could.
const LIKE_WIDTHS: std::ops::RangeInclusive<f32> = 0.85..=1.18;
/// Most rows of a block.
const ROWS_MAX: usize = 5;

/// Rows that may be a zone, from above, all as wide as the widest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) rows: Vec<Quad>,
}

/// The blocks of a page, the widest first. What is `faint` could not be read: it is a row where it lies like one.
pub(super) fn find_blocks<'a>(lines: &[Line], faint: impl Iterator<Item = &'a Quad> + Clone) -> Vec<Block> {
    let mut seeds: Vec<&Line> = lines.iter().filter(|line| looks_like_row(&line.text)).collect();
    seeds.sort_by(|one, other| other.quad.width().total_cmp(&one.quad.width()));
    let mut blocks = Vec::new();
    while !seeds.is_empty() {
        let frame = Frame::of(&seeds.remove(0).quad);
        let first = Piece::new(&frame, &frame.quad);
        let mut members = vec![first];
        seeds.retain(|line| {
            let piece = Piece::new(&frame, &line.quad);
            let is_member = frame.is_parallel(&line.quad)
                && piece.down.abs() <= REACH_HEIGHTS * frame.height
                && first.overlap(&piece) >= 0.4 * (piece.to - piece.from);
            if is_member {
                members.push(piece);
            }
            !is_member
        });
        members.extend(faint.clone().filter(|quad| frame.is_like(quad)).map(|quad| Piece::new(&frame, quad)));
        let mut rows = gather(members, &frame);
        for line in lines.iter().filter(|line| frame.is_parallel(&line.quad)) {
            let piece = Piece::new(&frame, &line.quad);
            let own = rows.iter_mut().find(|row| row.has_beside(&piece, frame.height));
            if let Some(row) = own {
                row.widen(&piece);
            }
        }
        rows.truncate(ROWS_MAX);
        align(&mut rows, &frame);
        blocks.push(Block { rows: rows.iter().map(Piece::quad).collect() });
    }
    blocks
}

/// Whether a text may be a row of a zone, as far as a reader of ordinary text can tell.
fn looks_like_row(text: &str) -> bool {
    let (mut total, mut known, mut fillers, mut digits) = (0_usize, 0_usize, 0_usize, 0_usize);
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        let is_filler = "<＜〈《«‹".contains(character);
        total += 1;
        fillers += usize::from(is_filler);
        digits += usize::from(character.is_ascii_digit());
        known += usize::from(is_filler || character.is_ascii_alphanumeric());
    }
    let is_known = known as f32 >= ALPHABET_SHARE_MIN * total as f32;
    let is_unbroken = total >= UNBROKEN_MIN && !text.contains(' ') && digits >= DIGITS_MIN;
    is_known && total >= CHARACTERS_MIN && (fillers >= FILLERS_MIN || is_unbroken)
}

/// The place and direction of the row that others are measured by.
struct Frame {
    quad: Quad,
    origin: Point,
    /// Of length 1.
    direction: Point,
    height: f32,
}

impl Frame {
    fn of(quad: &Quad) -> Self {
        Self { quad: *quad, origin: quad.centre(), direction: direction(quad), height: quad.height() }
    }

    /// Along the row and below it, pixels from its centre.
    fn place(&self, point: Point) -> (f32, f32) {
        let (x, y) = (point.x - self.origin.x, point.y - self.origin.y);
        let Point { x: along_x, y: along_y } = self.direction;
        (x * along_x + y * along_y, y * along_x - x * along_y)
    }

    /// Whether what lies here is as wide as the row, and near it.
    fn is_like(&self, quad: &Quad) -> bool {
        let piece = Piece::new(self, quad);
        self.is_parallel(quad)
            && LIKE_WIDTHS.contains(&(quad.width() / self.quad.width()))
            && piece.down.abs() <= REACH_HEIGHTS * self.height
            && piece.overlap(&Piece::new(self, &self.quad)) >= *LIKE_WIDTHS.start() * quad.width()
    }

    fn is_parallel(&self, quad: &Quad) -> bool {
        let other = direction(quad);
        let turned = (self.direction.x * other.y - self.direction.y * other.x).abs();
        let is_alike = self.direction.x * other.x + self.direction.y * other.y > 0.0;
        is_alike && turned <= SLANT_MAX && (0.5..=2.0).contains(&(quad.height() / self.height))
    }
}

fn direction(quad: &Quad) -> Point {
    let (left, right) = (quad.at(0.0, 0.5), quad.at(1.0, 0.5));
    let (x, y) = (right.x - left.x, right.y - left.y);
    let length = x.hypot(y).max(f32::MIN_POSITIVE);
    Point { x: x / length, y: y / length }
}

/// A piece of a row in a frame.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// The widest text found of it.
    quad: Quad,
    /// Where that begins and ends along the frame.
    quad_from: f32,
    quad_to: f32,
    /// Where the row begins and ends.
    from: f32,
    to: f32,
    down: f32,
}

impl Piece {
    fn new(frame: &Frame, quad: &Quad) -> Self {
        let ((from, _), (to, _)) = (frame.place(quad.at(0.0, 0.5)), frame.place(quad.at(1.0, 0.5)));
        let (_, down) = frame.place(quad.centre());
        Self { quad: *quad, quad_from: from, quad_to: to, from, to, down }
    }

    fn overlap(&self, other: &Self) -> f32 {
        self.to.min(other.to) - self.from.max(other.from)
    }

    /// Whether a short piece lies in this row or right beside it. What is long is another document's.
    fn has_beside(&self, piece: &Self, height: f32) -> bool {
        (self.down - piece.down).abs() <= SAME_ROW_HEIGHTS * height
            && -self.overlap(piece) <= GAP_HEIGHTS * height
            && piece.to - piece.from <= 0.5 * (self.to - self.from)
    }

    fn widen(&mut self, piece: &Self) {
        self.from = self.from.min(piece.from);
        self.to = self.to.max(piece.to);
        if piece.quad_to - piece.quad_from > self.quad_to - self.quad_from {
            (self.quad, self.quad_from, self.quad_to, self.down) =
                (piece.quad, piece.quad_from, piece.quad_to, piece.down);
        }
    }

    /// The row from its beginning to its end.
    fn quad(&self) -> Quad {
        let length = (self.quad_to - self.quad_from).max(f32::MIN_POSITIVE);
        let part = |place: f32| (place - self.quad_from) / length;
        self.quad.part(part(self.from), part(self.to))
    }
}

/// Joins pieces of one row; rows from above.
fn gather(mut pieces: Vec<Piece>, frame: &Frame) -> Vec<Piece> {
    pieces.sort_by(|one, other| one.down.total_cmp(&other.down));
    let mut rows: Vec<Piece> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if piece.down - row.down <= SAME_ROW_HEIGHTS * frame.height => row.widen(&piece),
            _ => rows.push(piece),
        }
    }
    rows
}

/// Lets rows that were found in part begin and end where the outermost do.
fn align(rows: &mut [Piece], frame: &Frame) {
    let from = rows.iter().map(|row| row.from).fold(f32::INFINITY, f32::min);
    let to = rows.iter().map(|row| row.to).fold(f32::NEG_INFINITY, f32::max);
    for row in rows {
        if row.from - from > SHORT_HEIGHTS * frame.height {
            row.from = from;
        }
        if to - row.to > SHORT_HEIGHTS * frame.height {
            row.to = to;
        }
    }
}

#[cfg(test)]
mod tests;
