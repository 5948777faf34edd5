//! What the engine does with one picture: decode, detect, align, embed, on the calling thread.
//!
//! Owns the order of the stages and their timing; must not know queues or threads.

mod alignment;
mod quality;

use candle_core::Device;
use prosopa_contract::engine::{
    AnalyzeFacesRequest, AnalyzeFacesResponse, BoundingBox, EngineError, Face, ImageInfo, Point as WirePoint,
    StageTimings,
};

use self::alignment::Alignment;
pub(crate) use crate::image::check_len;
use crate::{
    image::{Picture, Point},
    intake::{Intake, abandoned},
    networks::{
        landmarks::Landmarks,
        mtcnn::{self, Detection, Detector},
        recognition::Recognition,
    },
    pack::{self, Pack},
    pixel_budget::PixelBudget,
    stopwatch::Stopwatch,
};

/// Least smallest face that can be looked for: the detector's window, pixels.
const MIN_FACE_PX_MIN: u32 = 12;
/// Largest smallest face that can be looked for, pixels.
const MIN_FACE_PX_MAX: u32 = 4096;
/// Smallest face looked for unless asked otherwise is never below this, pixels.
const MIN_FACE_PX_DEFAULT: u32 = 20;
/// Most faces a request can ask for.
const MAX_FACES_MAX: u32 = 1000;
const MAX_FACES_DEFAULT: u32 = 100;
/// Most pixels of the pyramid's first level, which bounds the detector's work on any picture.
const LEVEL_PX_MAX: f64 = 4_000_000.0;

/// The checked parameters of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// Absent: chosen by the picture's size. Raised in pictures above four megapixels, see [`Options::min_face_px`].
    min_face_px: Option<u32>,
    max_faces: usize,
    with_embeddings: bool,
    decode_only: bool,
}

impl Options {
    /// The largest face alone, with its embedding.
    pub(crate) const PORTRAIT: Self =
        Self { min_face_px: None, max_faces: 1, with_embeddings: true, decode_only: false };

    /// # Errors
    /// `InvalidArgument`: a parameter is out of range.
    pub(crate) fn read(request: &AnalyzeFacesRequest) -> Result<Self, EngineError> {
        let check = |name: &str, value: u32, range: std::ops::RangeInclusive<u32>| {
            if range.contains(&value) {
                return Ok(value);
            }
            let detail = format!("{name} must be between {} and {}", range.start(), range.end());
            Err(EngineError::InvalidArgument { detail })
        };
        let min_face_px = request
            .min_face_px
            .map(|value| check("min_face_px", value, MIN_FACE_PX_MIN..=MIN_FACE_PX_MAX))
            .transpose()?;
        let max_faces =
            check("max_faces", request.max_faces.unwrap_or(MAX_FACES_DEFAULT), 1..=MAX_FACES_MAX)?;
        let (with_embeddings, decode_only) = (request.with_embeddings, request.decode_only);
        Ok(Self { min_face_px, max_faces: max_faces as usize, with_embeddings, decode_only })
    }

    /// The smallest face looked for in a picture of this size, pixels.
    ///
    /// At least `12 * sqrt(width * height / 4,000,000)`, whatever was asked for: 12 up to four megapixels, 43 at fifty.
    /// The detector shrinks the picture until its window of 12 pixels covers such a face, so this bounds what it searches.
    fn min_face_px(&self, width: u32, height: u32) -> u32 {
        let asked = self.min_face_px.unwrap_or_else(|| MIN_FACE_PX_DEFAULT.max(width.min(height) / 12));
        let pixels = f64::from(width) * f64::from(height);
        let least = f64::from(MIN_FACE_PX_MIN) * (pixels / LEVEL_PX_MAX).sqrt();
        asked.max(least.ceil() as u32)
    }
}

/// The loaded networks.
pub(crate) struct Analyzer {
    detector: Detector,
    landmarks: Landmarks,
    recognition: Recognition,
    digest: String,
    budget: PixelBudget,
}

impl Analyzer {
    /// Loads the networks of a pack onto the processor. At most `pixel_budget` pixels are decoded at a time.
    ///
    /// # Errors
    /// The pack lacks a network or a tensor, or was changed since it was opened.
    pub(crate) fn load(pack: &Pack, pixel_budget: u64) -> Result<Self, pack::Error> {
        let device = Device::Cpu;
        Ok(Self {
            detector: Detector::load(pack, &device)?,
            landmarks: Landmarks::load(pack, &device)?,
            recognition: Recognition::load(pack, &device)?,
            digest: pack.digest().to_owned(),
            budget: PixelBudget::new(pixel_budget),
        })
    }

    /// SHA-256 of the pack's manifest, lower-case hexadecimal.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// What decides how many pixels are decoded at a time.
    pub(crate) fn budget(&self) -> &PixelBudget {
        &self.budget
    }

    /// Analyses one picture; `queue_us` is how long it waited in the queue; the answer's is that and the wait
    /// for memory. `is_abandoned` is asked between steps.
    ///
    /// # Errors
    /// The picture cannot be decoded; `Unavailable` when it was abandoned; `Internal` when a network failed.
    pub(crate) fn analyze(
        &self,
        image: &[u8],
        options: Options,
        queue_us: u64,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<AnalyzeFacesResponse, EngineError> {
        let start = Stopwatch::start();
        let Intake { picture, format, queue_us, decode_us, permit } =
            Intake::take(&self.budget, image, 0, queue_us, is_abandoned)?;
        let mut timings = StageTimings { queue_us, decode_us, ..StageTimings::default() };

        let faces = if options.decode_only {
            Vec::new()
        } else {
            self.find_faces(&picture, options, &mut timings, is_abandoned)?
        };
        let image = ImageInfo { width: picture.width(), height: picture.height(), format: format.into() };
        drop((picture, permit));
        timings.device_us = start.processor_us();
        Ok(AnalyzeFacesResponse {
            image: Some(image),
            faces,
            model_digest: self.digest.clone(),
            timings: Some(timings),
        })
    }

    /// Finds and describes the faces of a picture, largest first.
    ///
    /// # Errors
    /// `Unavailable` when it was abandoned; `Internal` when a network failed.
    pub(crate) fn find_faces(
        &self,
        picture: &Picture,
        options: Options,
        timings: &mut StageTimings,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Vec<Face>, EngineError> {
        let watch = Stopwatch::start();
        let min_face_px = options.min_face_px(picture.width(), picture.height());
        let found =
            self.detector.detect(picture, min_face_px, is_abandoned).map_err(|error| match error {
                mtcnn::Error::Stopped => abandoned(),
                mtcnn::Error::Layer(error) => failed(&error),
            })?;
        let found = largest(found, options.max_faces);
        timings.detect_us = watch.wall_us();
        let mut faces = Vec::with_capacity(found.len());
        for detection in &found {
            if is_abandoned() {
                return Err(abandoned());
            }
            faces.push(self.describe(picture, detection, options, timings)?);
        }
        Ok(faces)
    }

    fn describe(
        &self,
        picture: &Picture,
        detection: &Detection,
        options: Options,
        timings: &mut StageTimings,
    ) -> Result<Face, EngineError> {
        let watch = Stopwatch::start();
        let alignment =
            Alignment::find(picture, detection, &self.landmarks).map_err(|error| failed(&error))?;
        let chip = alignment.cut_by_five_points(picture);
        let quality = quality::assess(&chip, &detection.bounds);
        timings.align_us += watch.wall_us();
        let embedding = if options.with_embeddings {
            self.embed(picture, &alignment, &chip, timings)?
        } else {
            Vec::new()
        };
        let [left_eye, right_eye, ..] = detection.landmarks;
        let roll = (right_eye.y - left_eye.y).atan2(right_eye.x - left_eye.x).to_degrees();
        let bounds = detection.bounds;
        Ok(Face {
            r#box: Some(BoundingBox { x0: bounds.x0, y0: bounds.y0, x1: bounds.x1, y1: bounds.y1 }),
            confidence: detection.score,
            landmarks5: detection.landmarks.iter().map(wire).collect(),
            landmarks68: alignment.points().iter().map(wire).collect(),
            roll_degrees: roll,
            quality: Some(quality),
            embedding,
        })
    }

    /// The mean of the embeddings of both alignments.
    fn embed(
        &self,
        picture: &Picture,
        alignment: &Alignment,
        five_point_chip: &Picture,
        timings: &mut StageTimings,
    ) -> Result<Vec<f32>, EngineError> {
        let watch = Stopwatch::start();
        let many_point_chip = alignment.cut_by_many_points(picture);
        timings.align_us += watch.wall_us();
        let watch = Stopwatch::start();
        let mut embedding = self.recognition.embed(five_point_chip).map_err(|error| failed(&error))?;
        let other = self.recognition.embed(&many_point_chip).map_err(|error| failed(&error))?;
        for (value, other) in embedding.iter_mut().zip(other) {
            *value = 0.5 * (*value + other);
        }
        timings.embed_us += watch.wall_us();
        Ok(embedding)
    }
}

/// The largest faces by box area, largest first.
fn largest(mut found: Vec<Detection>, count: usize) -> Vec<Detection> {
    let area = |detection: &Detection| detection.bounds.width() * detection.bounds.height();
    found.sort_by(|one, other| area(other).total_cmp(&area(one)));
    found.truncate(count);
    found
}

fn wire(point: &Point) -> WirePoint {
    WirePoint { x: point.x, y: point.y }
}

fn failed(error: &candle_core::Error) -> EngineError {
    EngineError::Internal { detail: error.to_string() }
}

#[cfg(test)]
mod tests;
