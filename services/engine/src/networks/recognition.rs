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

/// Channels that leave the stem.
const STEM_CHANNELS: usize = 32;

/// Blocks in order, with the channels that leave them; a block whose name holds `down` halves the resolution.
const BLOCKS: [(&str, usize); 14] = [
    ("conv32_1", 32),
    ("conv32_2", 32),
    ("conv32_3", 32),
    ("conv64_down", 64),
    ("conv64_1", 64),
    ("conv64_2", 64),
    ("conv64_3", 64),
    ("conv128_down", 128),
    ("conv128_1", 128),
    ("conv128_2", 128),
    ("conv256_down", 256),
    ("conv256_1", 256),
    ("conv256_2", 256),
    ("conv256_down_out", 256),
];

/// Numbers of an embedding.
const OUTPUTS: usize = 128;

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
        let mut channels = STEM_CHANNELS;
        let mut blocks = Vec::with_capacity(BLOCKS.len());
        for (name, outputs) in BLOCKS {
            blocks.push(Block::load(&weights, name, (channels, outputs))?);
            channels = outputs;
        }
        let convolution = |name: &str, shape: [usize; 4], stride: usize, nonlinearity: Nonlinearity| {
            Convolution::load(&weights, name, shape, (stride, Padding::NONE), nonlinearity)
        };
        Ok(Self {
            normalization: Normalization::read(pack, NAME, Some(CHIP_PX))?,
            device: device.clone(),
            stem: convolution("conv32_down", [7, 7, 3, STEM_CHANNELS], 2, Nonlinearity::Relu)?,
            blocks,
            projection: convolution("fc", [1, 1, channels, OUTPUTS], 1, Nonlinearity::Identity)?,
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
    fn load(
        weights: &Weights,
        name: &str,
        (inputs, outputs): (usize, usize),
    ) -> std::result::Result<Self, Error> {
        let halves = name.contains("down");
        let (geometry, last) = if halves {
            ((2, Padding::NONE), Nonlinearity::Identity)
        } else {
            ((1, Padding::AROUND), Nonlinearity::Relu)
        };
        let load = |layer: &str, inputs: usize, geometry: (usize, Padding), nonlinearity: Nonlinearity| {
            let shape = [3, 3, inputs, outputs];
            Convolution::load(weights, &format!("{name}.{layer}"), shape, geometry, nonlinearity)
        };
        Ok(Self {
            first: load("conv1", inputs, geometry, Nonlinearity::Relu)?,
            second: load("conv2", outputs, (1, Padding::AROUND), last)?,
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
