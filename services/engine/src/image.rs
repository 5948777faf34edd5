//! Pictures: decoding with hard limits, area resizing, similarity transforms, warping, quarter turns.
//!
//! Knows pixels; must not know networks.

mod area;
mod chip;
mod decode;
mod orientation;
mod picture;
mod similarity;
mod strip;
mod turn;

pub(crate) use self::{
    area::shrink,
    chip::cut_chip,
    decode::{check_len, inspect},
    picture::{Picture, Point, Rectangle, Region},
    similarity::Similarity,
    strip::{Quad, cut_strip},
    turn::Turn,
};
