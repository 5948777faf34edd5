//! What the engine does with one picture of a document: read all text, read the machine readable zone, find the portrait.
//!
//! Owns the order of the stages and their timing; must not know queues or threads. What it reads is personal data.

mod answer;
mod blocks;
mod portrait;
mod zone;

use std::sync::{Arc, Mutex, PoisonError};

use prosopa_contract::engine::{
    CalendarDate, EngineError, ImageInfo, ReadDocumentResponse, ReadingTimings, TextLine,
};

use crate::{
    analysis::Analyzer,
    image::Picture,
    intake::{Intake, abandoned},
    mrz::fields::Date,
    pack::{self, Pack},
    stopwatch::Stopwatch,
    text::{self, Page, TextReader, Turns},
};

/// Room that reading takes besides the picture: the networks' layers, in pixels of 8-bit RGB (48 MB).
const WORK_PX: u64 = 16_000_000;
/// Most places of a picture that are tried as zones.
const BLOCKS_MAX: usize = 4;

/// Reads the day that a request names.
///
/// # Errors
/// `InvalidArgument`: there is none, or no calendar has it.
pub(crate) fn read_today(today: Option<&CalendarDate>) -> Result<Date, EngineError> {
    let date = today.and_then(|today| {
        let small = |value: u32| u8::try_from(value).ok();
        Date::new(u16::try_from(today.year).ok()?, small(today.month)?, small(today.day)?)
    });
    date.ok_or_else(|| EngineError::InvalidArgument { detail: "today must be a day of the calendar".into() })
}

/// The networks for text, beside those for faces. They are loaded for the first document: who reads none has no use for
/// the memory that they take.
pub(crate) struct DocumentReader {
    analyzer: Arc<Analyzer>,
    pack: Pack,
    text: Mutex<Option<Arc<TextReader>>>,
}

impl DocumentReader {
    /// Reads nothing yet.
    pub(crate) fn new(pack: Pack, analyzer: Arc<Analyzer>) -> Self {
        Self { analyzer, pack, text: Mutex::new(None) }
    }

    /// The networks, loaded once; whoever comes meanwhile waits for them.
    fn text(&self) -> Result<Arc<TextReader>, pack::Error> {
        let mut loaded = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = &*loaded {
            return Ok(Arc::clone(text));
        }
        let text = Arc::new(TextReader::load(&self.pack)?);
        *loaded = Some(Arc::clone(&text));
        Ok(text)
    }

    /// Reads one picture; `queue_us` is how long it waited in the queue. `is_abandoned` is asked between steps.
    ///
    /// # Errors
    /// The picture cannot be decoded; `Unavailable` when it was abandoned; `Internal` when a network failed, or the pack was
    /// changed since it was opened.
    pub(crate) fn read(
        &self,
        image: &[u8],
        today: Date,
        with_portrait: bool,
        queue_us: u64,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<ReadDocumentResponse, EngineError> {
        let start = Stopwatch::start();
        let Intake { picture, format, queue_us, decode_us, permit } =
            Intake::take(self.analyzer.budget(), image, WORK_PX, queue_us, is_abandoned)?;
        let text = self.text().map_err(|error| EngineError::Internal { detail: error.to_string() })?;
        let mut turns = Turns::new(is_abandoned);
        let page = text.read_page(&picture, &mut turns).map_err(failed)?;

        let watch = Stopwatch::start();
        let zones = read_zones(&text, &picture, &page, today, &mut turns).map_err(failed)?;
        let zone_us = watch.wall_us();

        let watch = Stopwatch::start();
        let portrait = if with_portrait {
            portrait::find(&self.analyzer, &picture, page.turn, is_abandoned)?
        } else {
            None
        };
        let portrait_us = watch.wall_us();

        let image = ImageInfo { width: picture.width(), height: picture.height(), format: format.into() };
        drop((picture, permit));
        let Page { lines, turn, detect_us, recognize_us, .. } = page;
        let device_us = start.processor_us() + turns.processor_us();
        let lines = lines.into_iter().map(|line| TextLine {
            corners: answer::corners(&line.quad),
            text: line.text,
            confidence: line.confidence,
        });
        Ok(ReadDocumentResponse {
            image: Some(image),
            lines: lines.collect(),
            zone_count: u32::try_from(zones.len()).unwrap_or(u32::MAX),
            zone: zones.first().map(|zone| answer::zone(zone, today)),
            portrait,
            rotation_degrees: turn.degrees(),
            model_digest: self.analyzer.digest().to_owned(),
            timings: Some(ReadingTimings {
                queue_us,
                decode_us,
                detect_us,
                recognize_us,
                zone_us,
                portrait_us,
                device_us,
            }),
        })
    }
}

/// The zones of a page, the largest first.
fn read_zones(
    text: &TextReader,
    picture: &Picture,
    page: &Page,
    today: Date,
    turns: &mut Turns<'_>,
) -> Result<Vec<zone::Found>, text::Error> {
    let mut found = Vec::new();
    for block in blocks::find_blocks(&page.lines, page.faint()).into_iter().take(BLOCKS_MAX) {
        found.extend(zone::read(text, picture, page, &block, today, turns)?);
    }
    Ok(found)
}

fn failed(error: text::Error) -> EngineError {
    match error {
        text::Error::Stopped => abandoned(),
        text::Error::Network(detail) => EngineError::Internal { detail },
    }
}
