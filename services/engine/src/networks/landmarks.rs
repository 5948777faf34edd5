//! Landmarks: a small densely connected network, 112 px face to the 68 points of the iBUG 300-W scheme.

use candle_core::{Device, Result, Tensor};

use super::{
    Normalization, Weights,
    layers::{Convolution, Depthwise, Nonlinearity, Pooling},
};
use crate::{
    image::Point,
    kernels::Padding,
    pack::{Error, Pack},
};

/// Side of the network's input, pixels.
pub(crate) const INPUT_PX: usize = 112;

const NAME: &str = "landmarks68";

/// Channels that leave each block.
const BLOCK_CHANNELS: [usize; 4] = [32, 64, 128, 256];
/// x and y of each point.
const OUTPUTS: usize = 2 * 68;

/// Finds 68 points in a square picture of a face.
pub(crate) struct Landmarks {
    normalization: Normalization,
    device: Device,
    blocks: Vec<DenseBlock>,
    projection: Convolution,
}

impl Landmarks {
    /// # Errors
    /// The pack lacks the network or one of its tensors.
    pub(crate) fn load(pack: &Pack, device: &Device) -> std::result::Result<Self, Error> {
        let weights = Weights::open(pack, NAME, device)?;
        Ok(Self {
            normalization: Normalization::read(pack, NAME, Some(INPUT_PX))?,
            device: device.clone(),
            blocks: (0..BLOCK_CHANNELS.len())
                .map(|index| DenseBlock::load(&weights, index))
                .collect::<std::result::Result<_, _>>()?,
            projection: Convolution::load(
                &weights,
                "fc",
                [1, 1, BLOCK_CHANNELS[3], OUTPUTS],
                (1, Padding::NONE),
                Nonlinearity::Identity,
            )?,
        })
    }

    /// Points in pixels of the input, which is interleaved RGB, 0 to 255, `[112, 112, 3]`.
    pub(crate) fn locate(&self, mut face: Vec<f32>) -> Result<Vec<Point>> {
        self.normalization.apply(&mut face);
        let mut x = Tensor::from_vec(face, (1, INPUT_PX, INPUT_PX, 3), &self.device)?;
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        let means = Pooling::GlobalMean.forward(&x)?;
        let flat: Vec<f32> = self.projection.forward(&means)?.flatten_all()?.to_vec1()?;
        let side = INPUT_PX as f32;
        Ok(flat.chunks_exact(2).map(|pair| Point { x: pair[0] * side, y: pair[1] * side }).collect())
    }
}

/// Four convolutions, each fed with the sum of all before it.
struct DenseBlock {
    entry: Entry,
    rest: [Separable; 3],
}

impl DenseBlock {
    fn load(weights: &Weights, index: usize) -> std::result::Result<Self, Error> {
        let name = format!("dense{index}");
        let channels = BLOCK_CHANNELS[index];
        let down = (2, Padding::AFTER);
        let entry = if index == 0 {
            Entry::Full(Convolution::load(
                weights,
                "dense0.conv0",
                [3, 3, 3, channels],
                down,
                Nonlinearity::Relu,
            )?)
        } else {
            Entry::Separable(Separable::load(
                weights,
                &format!("{name}.conv0"),
                (BLOCK_CHANNELS[index - 1], channels),
                (down, false),
                Nonlinearity::Relu,
            )?)
        };
        let load = |layer: &str, rectify: bool, nonlinearity: Nonlinearity| {
            let geometry = ((1, Padding::AROUND), rectify);
            Separable::load(weights, &format!("{name}.{layer}"), (channels, channels), geometry, nonlinearity)
        };
        Ok(Self {
            entry,
            rest: [
                // The entry's output is already rectified.
                load("conv1", false, Nonlinearity::Identity)?,
                load("conv2", true, Nonlinearity::Identity)?,
                load("conv3", true, Nonlinearity::Relu)?,
            ],
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut sum = match &self.entry {
            Entry::Full(convolution) => convolution.forward(x)?,
            Entry::Separable(separable) => separable.pointwise.forward(&separable.depthwise.forward(x)?)?,
        };
        for layer in &self.rest {
            sum = layer.pointwise.forward_onto(&layer.depthwise.forward(&sum)?, &sum)?;
        }
        Ok(sum)
    }
}

enum Entry {
    Full(Convolution),
    Separable(Separable),
}

/// A depthwise 3 x 3 convolution and a pointwise one.
struct Separable {
    depthwise: Depthwise,
    pointwise: Convolution,
}

impl Separable {
    fn load(
        weights: &Weights,
        name: &str,
        (inputs, outputs): (usize, usize),
        (geometry, rectify): ((usize, Padding), bool),
        nonlinearity: Nonlinearity,
    ) -> std::result::Result<Self, Error> {
        Ok(Self {
            depthwise: Depthwise::load(weights, name, inputs, geometry, rectify)?,
            pointwise: Convolution::load(
                weights,
                name,
                [1, 1, inputs, outputs],
                (1, Padding::NONE),
                nonlinearity,
            )?,
        })
    }
}
