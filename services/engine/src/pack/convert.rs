//! From the packages' weights to the kernels' layout.
//!
//! Convolutions become `<layer>.weight [height, width, input channels, output channels]` and `<layer>.bias`, with
//! scales folded in; dense layers become convolutions whose window covers their input; the heads of one network
//! become one.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::{
    Error,
    face_api::{Tensors, Values},
};

/// Tensors of one file.
pub(super) type Network = HashMap<String, Tensor>;

/// Recognition: folds each unit's scale into its convolution.
pub(super) fn convert_recognition(tensors: &Tensors) -> Result<Network, Error> {
    let source = Source { name: "recognition", tensors };
    let mut network = Network::new();
    for (key, filters) in tensors {
        let Some(unit) = key.strip_suffix("/conv/filters") else { continue };
        let bias = source.get(&format!("{unit}/conv/bias"))?;
        let scale = source.get(&format!("{unit}/scale/weights"))?;
        let shift = source.get(&format!("{unit}/scale/biases"))?;
        let channels = source.channels(key, filters)?;
        source.check(
            unit,
            [&bias.values, &scale.values, &shift.values].iter().all(|own| own.len() == channels),
        )?;
        let weight = filters
            .values
            .chunks_exact(channels)
            .flat_map(|row| row.iter().zip(&scale.values).map(|(w, s)| w * s));
        let folded = bias.values.iter().zip(&scale.values).zip(&shift.values).map(|((b, s), t)| b * s + t);
        let layer = unit.replace('/', ".");
        put(&mut network, format!("{layer}.weight"), &filters.shape, weight.collect())?;
        put(&mut network, format!("{layer}.bias"), &[channels], folded.collect())?;
    }
    let projection = source.get("fc")?;
    let channels = source.channels("fc", projection)?;
    let inputs = projection.values.len() / channels;
    put(&mut network, "fc.weight".into(), &[1, 1, inputs, channels], projection.values.clone())?;
    put(&mut network, "fc.bias".into(), &[channels], vec![0.0; channels])?;
    source.check("fc", network.len() == 60)?;
    Ok(network)
}

/// Landmarks: renames; depthwise filters lose their last axis of one.
pub(super) fn convert_landmarks(tensors: &Tensors) -> Result<Network, Error> {
    let source = Source { name: "landmarks68", tensors };
    let mut network = Network::new();
    for (key, tensor) in tensors {
        let (layer, kind) = key.rsplit_once('/').ok_or_else(|| source.fault(key))?;
        let layer = layer.replace('/', ".");
        let (suffix, shape) = match (kind, tensor.shape.as_slice()) {
            ("filters" | "pointwise_filter", shape @ [_, _, _, _]) => ("weight", shape.to_vec()),
            ("depthwise_filter", [height, width, channels, 1]) => {
                ("depthwise", vec![*height, *width, *channels])
            }
            ("weights", [inputs, outputs]) => ("weight", vec![1, 1, *inputs, *outputs]),
            ("bias", [channels]) => ("bias", vec![*channels]),
            _ => return Err(source.fault(key)),
        };
        put(&mut network, format!("{layer}.{suffix}"), &shape, tensor.values.clone())?;
    }
    source.check("fc", network.len() == 49)?;
    Ok(network)
}

/// One network of the detector: its convolutions, then its dense layers, then its heads, which become one.
pub(super) struct CascadeLayout {
    pub(super) name: &'static str,
    /// Convolution and its `PReLU`.
    pub(super) convolutions: &'static [(&'static str, &'static str)],
    /// Dense layer, its `PReLU`, and height, width and channels of what goes in.
    pub(super) dense: Option<(&'static str, &'static str, [usize; 3])>,
    pub(super) heads: &'static [&'static str],
}

/// The three networks of MTCNN.
pub(super) const CASCADE: [CascadeLayout; 3] = [
    CascadeLayout {
        name: "pnet",
        convolutions: &[("conv1", "prelu1"), ("conv2", "prelu2"), ("conv3", "prelu3")],
        dense: None,
        heads: &["conv4_1", "conv4_2"],
    },
    CascadeLayout {
        name: "rnet",
        convolutions: &[("conv1", "prelu1"), ("conv2", "prelu2"), ("conv3", "prelu3")],
        dense: Some(("dense4", "prelu4", [3, 3, 64])),
        heads: &["dense5_1", "dense5_2"],
    },
    CascadeLayout {
        name: "onet",
        convolutions: &[("conv1", "prelu1"), ("conv2", "prelu2"), ("conv3", "prelu3"), ("conv4", "prelu4")],
        dense: Some(("dense5", "prelu5", [3, 3, 128])),
        heads: &["dense6_1", "dense6_2", "dense6_3"],
    },
];

/// Adds one network of the detector to `network`.
pub(super) fn convert_cascade(
    layout: &CascadeLayout,
    tensors: &Tensors,
    network: &mut Network,
) -> Result<(), Error> {
    let source = Source { name: layout.name, tensors };
    let mut put_layer = |layer: &str, kernel: Kernel, slope: Option<&str>| -> Result<(), Error> {
        let name = format!("{}.{layer}", layout.name);
        let outputs = kernel.bias.len();
        if let Some(slope) = slope {
            let slopes = source.get(&format!("{slope}.weight"))?;
            source.check(slope, slopes.values.len() == outputs)?;
            put(network, format!("{name}.slope"), &[outputs], slopes.values.clone())?;
        }
        put(network, format!("{name}.weight"), &kernel.shape, kernel.weights)?;
        put(network, format!("{name}.bias"), &[outputs], kernel.bias)
    };
    for (layer, slope) in layout.convolutions {
        put_layer(layer, source.convolution(layer)?, Some(slope))?;
    }
    if let Some((layer, slope, input)) = layout.dense {
        put_layer(layer, source.dense(layer, input)?, Some(slope))?;
    }
    let heads = layout.heads.iter().map(|head| source.head(head)).collect::<Result<Vec<_>, _>>()?;
    put_layer("head", source.merge(heads)?, None)
}

/// A convolution in the kernels' layout.
struct Kernel {
    shape: [usize; 4],
    weights: Vec<f32>,
    bias: Vec<f32>,
}

struct Source<'a> {
    name: &'static str,
    tensors: &'a Tensors,
}

impl Source<'_> {
    fn get(&self, key: &str) -> Result<&Values, Error> {
        self.tensors.get(key).ok_or_else(|| self.bad(key, "missing"))
    }

    fn channels(&self, key: &str, tensor: &Values) -> Result<usize, Error> {
        tensor.shape.last().copied().filter(|count| *count > 0).ok_or_else(|| self.fault(key))
    }

    fn check(&self, key: &str, is_right: bool) -> Result<(), Error> {
        if is_right { Ok(()) } else { Err(self.fault(key)) }
    }

    fn fault(&self, key: &str) -> Error {
        self.bad(key, "unexpected name, number or shape")
    }

    fn bad(&self, key: &str, detail: &str) -> Error {
        Error::BadTensor { network: self.name.into(), tensor: key.into(), detail: detail.into() }
    }

    /// From `[output, input, height, width]`.
    fn convolution(&self, layer: &str) -> Result<Kernel, Error> {
        let weight = self.get(&format!("{layer}.weight"))?;
        let [outputs, inputs, height, width] = weight.shape[..] else {
            return Err(self.fault(layer));
        };
        self.rearrange(layer, weight, [height, width, inputs, outputs], |[y, x, input, output]| {
            ((output * inputs + input) * height + y) * width + x
        })
    }

    /// From `[output, width * height * channels]`: the original flattens by columns.
    fn dense(&self, layer: &str, [height, width, channels]: [usize; 3]) -> Result<Kernel, Error> {
        let weight = self.get(&format!("{layer}.weight"))?;
        let [outputs, inputs] = weight.shape[..] else {
            return Err(self.fault(layer));
        };
        self.check(layer, inputs == height * width * channels)?;
        self.rearrange(layer, weight, [height, width, channels, outputs], |[y, x, channel, output]| {
            output * inputs + (x * height + y) * channels + channel
        })
    }

    /// A pointwise convolution or a dense layer on a single position.
    fn head(&self, layer: &str) -> Result<Kernel, Error> {
        let weight = self.get(&format!("{layer}.weight"))?;
        match weight.shape[..] {
            [_, _, 1, 1] => self.convolution(layer),
            [_, inputs] => self.dense(layer, [1, 1, inputs]),
            _ => Err(self.fault(layer)),
        }
    }

    /// Puts the output channels of several pointwise kernels side by side.
    fn merge(&self, heads: Vec<Kernel>) -> Result<Kernel, Error> {
        let inputs = heads.first().ok_or_else(|| self.fault("head"))?.shape[2];
        self.check("head", heads.iter().all(|head| head.shape[2] == inputs))?;
        let bias: Vec<f32> = heads.iter().flat_map(|head| head.bias.iter().copied()).collect();
        let weights = (0..inputs).flat_map(|input| {
            heads.iter().flat_map(move |head| {
                let outputs = head.bias.len();
                head.weights[input * outputs..(input + 1) * outputs].iter().copied()
            })
        });
        Ok(Kernel { shape: [1, 1, inputs, bias.len()], weights: weights.collect(), bias })
    }

    /// Takes each weight from where `place` says it lies.
    fn rearrange(
        &self,
        layer: &str,
        weight: &Values,
        shape: [usize; 4],
        place: impl Fn([usize; 4]) -> usize,
    ) -> Result<Kernel, Error> {
        let bias = self.get(&format!("{layer}.bias"))?.values.clone();
        let [height, width, inputs, outputs] = shape;
        self.check(layer, bias.len() == outputs && weight.values.len() == shape.iter().product::<usize>())?;
        let mut weights = Vec::with_capacity(weight.values.len());
        for y in 0..height {
            for x in 0..width {
                for input in 0..inputs {
                    weights.extend((0..outputs).map(|output| weight.values[place([y, x, input, output])]));
                }
            }
        }
        Ok(Kernel { shape, weights, bias })
    }
}

fn put(network: &mut Network, name: String, shape: &[usize], values: Vec<f32>) -> Result<(), Error> {
    network.insert(name, Tensor::from_vec(values, shape, &Device::Cpu)?);
    Ok(())
}
