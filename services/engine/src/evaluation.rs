//! What the distances between embeddings are worth: error rates measured on labelled pairs, and the calibration that is
//! made of them.
//!
//! Owns the arithmetic and the forms of labelled data; must not know what a network computes. Everything here gives the
//! same numbers for the same pairs: what is drawn is drawn from a fixed seed.

mod calibrate;
mod det_plot;
mod gallery;
mod interval;
mod logistic;
mod measure;
mod pairs;
mod resample;
mod summary;

pub use self::{
    calibrate::{CalibrationError, calibrate},
    det_plot::det_plot,
    gallery::{Gallery, GalleryError, Portrait, compare, find_portraits},
    interval::Interval,
    pairs::{Pair, Pairs, PairsError},
    summary::{RocPoint, Summary, TARGETS, TprAtFmr, summarize},
};
