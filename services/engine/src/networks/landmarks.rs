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
            normalization: Normalization::new(pack.input_contract(NAME)?),
            device: device.clone(),
            blocks: (0..4)
                .map(|index| DenseBlock::load(&weights, index))
                .collect::<std::result::Result<_, _>>()?,
            projection: Convolution::load(&weights, "fc", (1, Padding::NONE), Nonlinearity::Identity)?,
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
        let down = (2, Padding::AFTER);
        let entry = if index == 0 {
            Entry::Full(Convolution::load(weights, "dense0.conv0", down, Nonlinearity::Relu)?)
        } else {
            Entry::Separable(Separable::load(
                weights,
                &format!("{name}.conv0"),
                (down, false),
                Nonlinearity::Relu,
            )?)
        };
        let same = (1, Padding::AROUND);
        Ok(Self {
            entry,
            rest: [
                // The entry's output is already rectified.
                Separable::load(weights, &format!("{name}.conv1"), (same, false), Nonlinearity::Identity)?,
                Separable::load(weights, &format!("{name}.conv2"), (same, true), Nonlinearity::Identity)?,
                Separable::load(weights, &format!("{name}.conv3"), (same, true), Nonlinearity::Relu)?,
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
        (geometry, rectify): ((usize, Padding), bool),
        nonlinearity: Nonlinearity,
    ) -> std::result::Result<Self, Error> {
        Ok(Self {
            depthwise: Depthwise::load(weights, name, geometry, rectify)?,
            pointwise: Convolution::load(weights, name, (1, Padding::NONE), nonlinearity)?,
        })
    }
}
