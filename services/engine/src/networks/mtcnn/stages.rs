//! The three networks of the cascade, layer by layer.

use candle_core::{Result, Tensor};

use super::super::{
    Weights,
    layers::{Convolution, Nonlinearity, Pooling, with_values},
};
use crate::{kernels::Padding, pack::Error};

/// Least score of a proposal.
const PROPOSAL_SCORE_MIN: f32 = 0.6;
/// Side of the refining network's input.
pub(super) const REFINEMENT_PX: usize = 24;
/// Side of the deciding network's input.
pub(super) const OUTPUT_PX: usize = 48;

/// Two logits and four offsets.
const CROP_OUTPUTS: usize = 6;
/// Five x and five y.
const LANDMARK_OUTPUTS: usize = 10;

/// A place in a tile that looks like a face.
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) score: f32,
    pub(super) offsets: [f32; 4],
}

/// What a network says about one crop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crop {
    pub(super) score: f32,
    pub(super) offsets: [f32; 4],
}

impl Crop {
    /// Reads two logits (no face, face) and four offsets.
    fn read(values: &[f32]) -> Self {
        let score = 1.0 / (1.0 + (values[0] - values[1]).exp());
        Self { score, offsets: [values[2], values[3], values[4], values[5]] }
    }
}

/// P-Net: fully convolutional, a 12 px window at every second pixel.
pub(super) struct Proposal {
    trunk: Trunk,
}

impl Proposal {
    pub(super) fn load(weights: &Weights) -> std::result::Result<Self, Error> {
        let layers = [
            ("conv1", [3, 3, 3, 10], Some(HALVE)),
            ("conv2", [3, 3, 10, 16], None),
            ("conv3", [3, 3, 16, 32], None),
        ];
        Ok(Self { trunk: Trunk::load(weights, "pnet", &layers, CROP_OUTPUTS)? })
    }

    /// Calls `found` for each cell of `input [1, height, width, 3]` that may hold a face.
    pub(super) fn forward(&self, input: &Tensor, mut found: impl FnMut(Cell)) -> Result<()> {
        let cells = self.trunk.forward(input)?;
        let columns = cells.dims()[2];
        with_values(&cells, |values| {
            for (index, values) in values.chunks_exact(CROP_OUTPUTS).enumerate() {
                let crop = Crop::read(values);
                if crop.score >= PROPOSAL_SCORE_MIN {
                    let (row, column) = (index / columns, index % columns);
                    found(Cell { row, column, score: crop.score, offsets: crop.offsets });
                }
            }
            Ok(())
        })
    }
}

/// R-Net: refines a 24 px crop.
pub(super) struct Refinement {
    trunk: Trunk,
}

impl Refinement {
    pub(super) fn load(weights: &Weights) -> std::result::Result<Self, Error> {
        let layers = [
            ("conv1", [3, 3, 3, 28], Some(POOL)),
            ("conv2", [3, 3, 28, 48], Some(POOL)),
            ("conv3", [2, 2, 48, 64], None),
            ("dense4", [3, 3, 64, 128], None),
        ];
        Ok(Self { trunk: Trunk::load(weights, "rnet", &layers, CROP_OUTPUTS)? })
    }

    /// Calls `found(index, crop)` for each crop of `input [batch, 24, 24, 3]`.
    pub(super) fn forward(&self, input: &Tensor, mut found: impl FnMut(usize, Crop)) -> Result<()> {
        with_values(&self.trunk.forward(input)?, |values| {
            for (index, values) in values.chunks_exact(CROP_OUTPUTS).enumerate() {
                found(index, Crop::read(values));
            }
            Ok(())
        })
    }
}

/// O-Net: decides about a 48 px crop and finds five landmarks.
pub(super) struct Output {
    trunk: Trunk,
}

impl Output {
    pub(super) fn load(weights: &Weights) -> std::result::Result<Self, Error> {
        let layers = [
            ("conv1", [3, 3, 3, 32], Some(POOL)),
            ("conv2", [3, 3, 32, 64], Some(POOL)),
            ("conv3", [3, 3, 64, 64], Some(HALVE)),
            ("conv4", [2, 2, 64, 128], None),
            ("dense5", [3, 3, 128, 256], None),
        ];
        Ok(Self { trunk: Trunk::load(weights, "onet", &layers, CROP_OUTPUTS + LANDMARK_OUTPUTS)? })
    }

    /// Calls `found(index, crop, landmarks)` for each crop of `input [batch, 48, 48, 3]`; the landmarks are five x and
    /// five y in units of the crop.
    pub(super) fn forward(
        &self,
        input: &Tensor,
        mut found: impl FnMut(usize, Crop, [f32; LANDMARK_OUTPUTS]),
    ) -> Result<()> {
        with_values(&self.trunk.forward(input)?, |values| {
            for (index, values) in values.chunks_exact(CROP_OUTPUTS + LANDMARK_OUTPUTS).enumerate() {
                found(index, Crop::read(values), std::array::from_fn(|offset| values[CROP_OUTPUTS + offset]));
            }
            Ok(())
        })
    }
}

const HALVE: Pooling = Pooling::Max { size: 2, stride: 2, ceil: true };
const POOL: Pooling = Pooling::Max { size: 3, stride: 2, ceil: true };

/// Convolutions with `PReLU`, some followed by pooling, and a linear head.
struct Trunk {
    layers: Vec<(Convolution, Option<Pooling>)>,
    head: Convolution,
}

impl Trunk {
    fn load(
        weights: &Weights,
        network: &str,
        layers: &[(&str, [usize; 4], Option<Pooling>)],
        outputs: usize,
    ) -> std::result::Result<Self, Error> {
        let valid = (1, Padding::NONE);
        let load = |name: &str, shape: [usize; 4], nonlinearity: Nonlinearity| {
            Convolution::load(weights, &format!("{network}.{name}"), shape, valid, nonlinearity)
        };
        let inputs = layers.last().map_or(0, |(_, [.., channels], _)| *channels);
        let head = load("head", [1, 1, inputs, outputs], Nonlinearity::Identity)?;
        let layers =
            layers.iter().map(|(name, shape, pool)| Ok((load(name, *shape, Nonlinearity::Prelu)?, *pool)));
        Ok(Self { layers: layers.collect::<std::result::Result<_, Error>>()?, head })
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let mut x = input.clone();
        for (layer, pool) in &self.layers {
            x = layer.forward(&x)?;
            if let Some(pool) = pool {
                x = pool.forward(&x)?;
            }
        }
        self.head.forward(&x)
    }
}
