//! Text in pictures: where lines are, which way up they are, and what they say.
//!
//! Owns the two networks for text and what happens around them; must not know documents.

mod arrange;
mod detector;
mod network;
mod recognizer;

pub(crate) use self::recognizer::Emissions;
use self::{
    arrange::{Arrangement, arrange},
    detector::TextDetector,
    network::Work,
    recognizer::{Reading, Recognizer},
};
use crate::{
    image::{Picture, Quad, Turn},
    pack::{self, Pack},
    stopwatch::Stopwatch,
};

/// Most lines that are read in one picture.
pub(crate) const LINES_MAX: usize = 500;
/// Lines by which the two ways up are compared.
const TRIALS: usize = 5;
/// Lines that lie level and are read at least this surely are not tried on their heads, 0 to 1.
const SURE: f32 = 0.9;
/// Lines read less surely than this are left out, 0 to 1: patterns that look like text.
const CONFIDENCE_MIN: f32 = 0.5;
/// Corners that differ less are the same, pixels.
const SAME_PX: f32 = 0.05;

/// Why text was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The caller went away.
    #[error("the caller went away")]
    Stopped,
    /// A network failed.
    #[error("a network for text failed: {0}")]
    Network(String),
}

/// A line of text. What it says is not shown by `Debug`.
#[derive(Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// Mean of the characters' probabilities, 0 to 1.
    pub(crate) confidence: f32,
    /// As it is read.
    pub(crate) quad: Quad,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Line").field("quad", &self.quad).finish_non_exhaustive()
    }
}

/// All text of a picture.
pub(crate) struct Page {
    /// In reading order.
    pub(crate) lines: Vec<Line>,
    /// What the recogniser said of each line, for characters of machine readable zones.
    emissions: Vec<Emissions>,
    /// What was found and could not be read for sure: patterns, or rows of a zone, which the recogniser was not trained on.
    faint: Vec<(Quad, Emissions)>,
    /// What brings the text upright.
    pub(crate) turn: Turn,
    /// Wall time of finding and of reading, microseconds.
    pub(crate) detect_us: u64,
    pub(crate) recognize_us: u64,
}

impl Page {
    /// Where something was found that could not be read for sure.
    pub(crate) fn faint(&self) -> impl Iterator<Item = &Quad> + Clone {
        self.faint.iter().map(|(quad, _)| quad)
    }

    /// What the recogniser said of what was found exactly here, if anything was.
    pub(crate) fn emissions(&self, quad: &Quad) -> Option<&Emissions> {
        let lines = self.lines.iter().map(|line| &line.quad).zip(&self.emissions);
        let faint = self.faint.iter().map(|(quad, emissions)| (quad, emissions));
        lines.chain(faint).find(|(found, _)| found.is_near(quad, SAME_PX)).map(|(_, emissions)| emissions)
    }
}

/// One picture's turn on the networks: whether anybody still waits, and what it has cost.
pub(crate) struct Turns<'a> {
    is_abandoned: &'a dyn Fn() -> bool,
    work: Work,
}

impl<'a> Turns<'a> {
    pub(crate) fn new(is_abandoned: &'a dyn Fn() -> bool) -> Self {
        Self { is_abandoned, work: Work::default() }
    }

    /// Processor time of the networks, which run beside the calling thread, microseconds.
    pub(crate) fn processor_us(&self) -> u64 {
        self.work.processor_us
    }

    fn next(&mut self) -> Result<&mut Work, Error> {
        if (self.is_abandoned)() { Err(Error::Stopped) } else { Ok(&mut self.work) }
    }
}

/// The loaded networks for text.
pub(crate) struct TextReader {
    detector: TextDetector,
    recognizer: Recognizer,
}

impl TextReader {
    /// # Errors
    /// The pack lacks a network, its dictionary or a character of it, or was changed since it was opened.
    pub(crate) fn load(pack: &Pack) -> Result<Self, pack::Error> {
        Ok(Self { detector: TextDetector::load(pack)?, recognizer: Recognizer::load(pack)? })
    }

    /// Reads all text.
    ///
    /// # Errors
    /// The caller went away, or a network failed.
    pub(crate) fn read_page(&self, picture: &Picture, turns: &mut Turns<'_>) -> Result<Page, Error> {
        let watch = Stopwatch::start();
        let quads = self.detector.find(picture, turns.next()?)?;
        let detect_us = watch.wall_us();
        let watch = Stopwatch::start();
        let Arrangement { mut quads, mut turn, is_level } = arrange(quads);
        let mut readings = Readings { recognizer: &self.recognizer, picture, made: Vec::new() };
        if readings.are_on_their_heads(&quads, is_level, turns)? {
            for quad in &mut quads {
                *quad = quad.rotated(2);
            }
            quads.reverse();
            turn = turn.and_half();
        }
        let mut lines = Vec::with_capacity(quads.len());
        let (mut of_lines, mut faint) = (Vec::with_capacity(quads.len()), Vec::new());
        for quad in quads.into_iter().take(LINES_MAX) {
            let Reading { text, confidence, emissions } = readings.take(&quad, turns)?;
            if confidence >= CONFIDENCE_MIN && !text.trim().is_empty() {
                lines.push(Line { text, confidence, quad });
                of_lines.push(emissions);
            } else {
                faint.push((quad, emissions));
            }
        }
        Ok(Page { lines, emissions: of_lines, faint, turn, detect_us, recognize_us: watch.wall_us() })
    }

    /// What the recogniser says of each frame of a line, for characters of machine readable zones.
    ///
    /// # Errors
    /// The caller went away, or a network failed.
    pub(crate) fn read_emissions(
        &self,
        picture: &Picture,
        quad: &Quad,
        stretch: f32,
        turns: &mut Turns<'_>,
    ) -> Result<Emissions, Error> {
        self.recognizer.emissions(picture, quad, stretch, turns.next()?)
    }
}

/// The readings of a page's lines, each made once.
struct Readings<'a> {
    recognizer: &'a Recognizer,
    picture: &'a Picture,
    /// Made and not yet taken.
    made: Vec<(Quad, Reading)>,
}

impl Readings<'_> {
    fn take(&mut self, quad: &Quad, turns: &mut Turns<'_>) -> Result<Reading, Error> {
        match self.made.iter().position(|(made, _)| made == quad) {
            Some(index) => Ok(self.made.swap_remove(index).1),
            None => self.recognizer.read(self.picture, quad, turns.next()?),
        }
    }

    /// Whether the longest lines read better from the other side.
    fn are_on_their_heads(
        &mut self,
        quads: &[Quad],
        is_level: bool,
        turns: &mut Turns<'_>,
    ) -> Result<bool, Error> {
        let mut longest: Vec<&Quad> = quads.iter().collect();
        longest.sort_by(|one, other| other.width().total_cmp(&one.width()));
        longest.truncate(TRIALS);
        let mut confidence = |quarters: usize| -> Result<f32, Error> {
            let mut sum = 0.0;
            for quad in &longest {
                let quad = quad.rotated(quarters);
                let reading = self.take(&quad, turns)?;
                sum += reading.confidence;
                self.made.push((quad, reading));
            }
            Ok(sum / longest.len().max(1) as f32)
        };
        let upright = confidence(0)?;
        Ok(!(is_level && upright >= SURE) && confidence(2)? > upright)
    }
}
