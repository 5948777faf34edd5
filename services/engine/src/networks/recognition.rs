//! Recognition: a 29-layer residual network (dlib's `face_recognition_resnet_model_v1`), 150 px chip to 128 numbers.

use candle_core::{Device, Result, Tensor};

use super::{
    Normalization, Weights,
    layers::{Convolution, Nonlinearity, PaddedSum, Pooling},
};
use crate::{
    image::Picture,
    kernels::Padding,
    pack::{Error, Pack},
};

/// Side of the aligned chip, pixels.
pub(crate) const CHIP_PX: usize = 150;

const NAME: &str = "recognition";

/// Blocks in order; a block whose name holds `down` halves the resolution.
const BLOCKS: [&str; 14] = [
    "conv32_1",
    "conv32_2",
    "conv32_3",
    "conv64_down",
    "conv64_1",
    "conv64_2",
    "conv64_3",
    "conv128_down",
    "conv128_1",
    "conv128_2",
    "conv256_down",
    "conv256_1",
    "conv256_2",
    "conv256_down_out",
];

/// Turns aligned chips into embeddings.
pub(crate) struct Recognition {
    normalization: Normalization,
    device: Device,
    stem: Convolution,
    blocks: Vec<Block>,
    projection: Convolution,
}

impl Recognition {
    /// # Errors
    /// The pack lacks the network or one of its tensors.
    pub(crate) fn load(pack: &Pack, device: &Device) -> std::result::Result<Self, Error> {
        let weights = Weights::open(pack, NAME, device)?;
        Ok(Self {
            normalization: Normalization::new(pack.input_contract(NAME)?),
            device: device.clone(),
            stem: Convolution::load(&weights, "conv32_down", (2, Padding::NONE), Nonlinearity::Relu)?,
            blocks: BLOCKS
                .iter()
                .map(|name| Block::load(&weights, name))
                .collect::<std::result::Result<_, _>>()?,
            projection: Convolution::load(&weights, "fc", (1, Padding::NONE), Nonlinearity::Identity)?,
        })
    }

    /// Embeds one chip of 150 x 150 pixels in 128 numbers; not normalised, length about 1.4.
    pub(crate) fn embed(&self, chip: &Picture) -> Result<Vec<f32>> {
        let mut pixels: Vec<f32> = chip.rgb().iter().copied().map(f32::from).collect();
        self.normalization.apply(&mut pixels);
        let input = Tensor::from_vec(pixels, (1, CHIP_PX, CHIP_PX, 3), &self.device)?;
        let mut x = Pooling::Max { size: 3, stride: 2, ceil: false }.forward(&self.stem.forward(&input)?)?;
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        let means = Pooling::GlobalMean.forward(&x)?;
        self.projection.forward(&means)?.flatten_all()?.to_vec1()
    }
}

/// A residual block of two 3 x 3 convolutions.
struct Block {
    first: Convolution,
    second: Convolution,
    halves: bool,
}

impl Block {
    fn load(weights: &Weights, name: &str) -> std::result::Result<Self, Error> {
        let halves = name.contains("down");
        let (geometry, last) = if halves {
            ((2, Padding::NONE), Nonlinearity::Identity)
        } else {
            ((1, Padding::AROUND), Nonlinearity::Relu)
        };
        Ok(Self {
            first: Convolution::load(weights, &format!("{name}.conv1"), geometry, Nonlinearity::Relu)?,
            second: Convolution::load(weights, &format!("{name}.conv2"), (1, Padding::AROUND), last)?,
            halves,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let inner = self.first.forward(x)?;
        if self.halves {
            PaddedSum::forward(&self.second.forward(&inner)?, &Pooling::Halve.forward(x)?)
        } else {
            self.second.forward_onto(&inner, x)
        }
    }
}
