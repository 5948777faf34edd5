//! Detection: MTCNN (Zhang et al. 2016), a cascade of three small networks over a pyramid of the picture.
//!
//! Proposals come from every level of the pyramid, are refined on 24 px crops and decided on 48 px crops, which
//! also give five landmarks. Memory is bounded: levels are cut into tiles, crops are taken in batches, and only
//! the best candidates of a level go on.

mod boxes;
mod pyramid;
mod stages;

use candle_core::{Device, Tensor};

use self::{
    boxes::{Candidate, Overlap, suppress},
    stages::{Crop, Output, Proposal, Refinement},
};
use super::{Normalization, Weights};
use crate::{
    image::{Picture, Point, Rectangle, Region, shrink},
    pack::{self, Pack},
};

const NAME: &str = "mtcnn";

/// Least score that passes the refining network.
const REFINEMENT_SCORE_MIN: f32 = 0.7;
/// Least score that passes the deciding network.
const OUTPUT_SCORE_MIN: f32 = 0.7;
/// Most candidates that enter the refining network; a picture of noise has more, a crowd has not.
const CANDIDATES_MAX: usize = 4096;
/// Crops that go through the refining network together.
const REFINEMENT_BATCH: usize = 64;
/// Crops that go through the deciding network together.
const OUTPUT_BATCH: usize = 16;

/// A face as the detector sees it, in pixels of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Detection {
    pub(crate) bounds: Rectangle,
    /// 0 to 1.
    pub(crate) score: f32,
    /// Left eye, right eye, nose, left and right mouth corner.
    pub(crate) landmarks: [Point; 5],
}

/// Why detection gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nobody waits for the answer any more.
    #[error("stopped")]
    Stopped,
    /// A layer failed.
    #[error(transparent)]
    Layer(#[from] candle_core::Error),
}

/// The three networks.
pub(crate) struct Detector {
    normalization: Normalization,
    device: Device,
    proposal: Proposal,
    refinement: Refinement,
    output: Output,
}

impl Detector {
    /// # Errors
    /// The pack lacks the network or one of its tensors.
    pub(crate) fn load(pack: &Pack, device: &Device) -> Result<Self, pack::Error> {
        let weights = Weights::open(pack, NAME, device)?;
        Ok(Self {
            normalization: Normalization::read(pack, NAME, None)?,
            device: device.clone(),
            proposal: Proposal::load(&weights)?,
            refinement: Refinement::load(&weights)?,
            output: Output::load(&weights)?,
        })
    }

    /// Finds faces whose shorter side is at least about `min_face_px`; in no particular order.
    ///
    /// `is_abandoned` is asked between steps.
    pub(crate) fn detect(
        &self,
        picture: &Picture,
        min_face_px: u32,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Vec<Detection>, Error> {
        let mut candidates = Vec::new();
        for scale in pyramid::scales(picture.width().min(picture.height()), min_face_px) {
            candidates.extend(self.propose(picture, scale, is_abandoned)?);
        }
        suppress(&mut candidates, 0.7, Overlap::Union);
        candidates.truncate(CANDIDATES_MAX);
        let squares = candidates.iter().map(|found| found.regressed_without_border().squared()).collect();
        let refined = self.refine(picture, squares, is_abandoned)?;
        self.decide(picture, refined, is_abandoned)
    }

    /// One level of the pyramid.
    fn propose(
        &self,
        picture: &Picture,
        scale: f64,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Vec<Candidate>, Error> {
        let level = pyramid::Level::new(picture, scale);
        let mut found = Vec::new();
        for tile in level.tiles() {
            if is_abandoned() {
                return Err(Error::Stopped);
            }
            let (pixels, height, width) = level.render(picture, &tile);
            let input = self.tensor(pixels, (1, height, width))?;
            self.proposal.forward(&input, |cell| found.extend(level.candidate(&tile, cell)))?;
        }
        boxes::keep_best(&mut found, CANDIDATES_MAX);
        suppress(&mut found, 0.5, Overlap::Union);
        Ok(found)
    }

    fn refine(
        &self,
        picture: &Picture,
        squares: Vec<Candidate>,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Vec<Candidate>, Error> {
        let mut kept = Vec::new();
        self.classify(
            picture,
            squares,
            (stages::REFINEMENT_PX, REFINEMENT_BATCH),
            is_abandoned,
            |batch, input| {
                self.refinement.forward(&input, |index, crop| {
                    if crop.score > REFINEMENT_SCORE_MIN {
                        kept.push(Candidate { score: crop.score, offsets: crop.offsets, ..batch[index] });
                    }
                })
            },
        )?;
        suppress(&mut kept, 0.7, Overlap::Union);
        Ok(kept.iter().map(|found| found.regressed().squared()).collect())
    }

    fn decide(
        &self,
        picture: &Picture,
        squares: Vec<Candidate>,
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Vec<Detection>, Error> {
        let mut kept = Vec::new();
        self.classify(picture, squares, (stages::OUTPUT_PX, OUTPUT_BATCH), is_abandoned, |batch, input| {
            self.output.forward(&input, |index, crop: Crop, landmarks| {
                if crop.score > OUTPUT_SCORE_MIN {
                    let square = batch[index];
                    let found = Candidate { score: crop.score, offsets: crop.offsets, ..square };
                    kept.push((found.regressed(), square.place(landmarks)));
                }
            })
        })?;
        boxes::suppress_by(&mut kept, 0.7, Overlap::Smaller, |(found, _)| *found);
        Ok(kept
            .into_iter()
            .map(|(found, landmarks)| Detection { bounds: found.bounds, score: found.score, landmarks })
            .collect())
    }

    /// Cuts the candidates out of the picture and hands them to `run` in batches.
    fn classify(
        &self,
        picture: &Picture,
        squares: Vec<Candidate>,
        (side, batch_len): (usize, usize),
        is_abandoned: &dyn Fn() -> bool,
        mut run: impl FnMut(&[Candidate], Tensor) -> candle_core::Result<()>,
    ) -> Result<(), Error> {
        let inside: Vec<(Candidate, Region)> = squares
            .into_iter()
            .filter_map(|square| Some((square, square.clipped(picture.width(), picture.height())?)))
            .collect();
        for batch in inside.chunks(batch_len) {
            if is_abandoned() {
                return Err(Error::Stopped);
            }
            let mut pixels = Vec::with_capacity(batch.len() * side * side * 3);
            for (_, region) in batch {
                shrink(picture, *region, (side, side), (0..side, 0..side), &mut pixels);
            }
            let squares: Vec<Candidate> = batch.iter().map(|(square, _)| *square).collect();
            run(&squares, self.tensor(pixels, (batch.len(), side, side))?)?;
        }
        Ok(())
    }

    fn tensor(
        &self,
        mut pixels: Vec<f32>,
        (batch, height, width): (usize, usize, usize),
    ) -> candle_core::Result<Tensor> {
        self.normalization.apply(&mut pixels);
        Tensor::from_vec(pixels, (batch, height, width, 3), &self.device)
    }
}
