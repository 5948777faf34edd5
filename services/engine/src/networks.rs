//! The networks: what is computed, on tensors of whatever device the weights lie on.
//!
//! Owns layer order and layer parameters; knows neither pictures' encodings nor where weights come from.

pub(crate) mod landmarks;
pub(crate) mod layers;
pub(crate) mod mtcnn;
pub(crate) mod recognition;

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use crate::pack::{Error, InputContract, Pack};

/// The tensors of one network file, by name.
pub(crate) struct Weights {
    network: &'static str,
    tensors: HashMap<String, Tensor>,
}

impl Weights {
    /// Reads one network's tensors from a pack onto `device`.
    ///
    /// # Errors
    /// See [`Pack::load`].
    pub(crate) fn open(pack: &Pack, network: &'static str, device: &Device) -> Result<Self, Error> {
        Ok(Self { network, tensors: pack.load(network, device)? })
    }

    /// The tensor `name`, which must have the type `f32` and this shape.
    ///
    /// # Errors
    /// The pack's file lacks it, or it has another type or shape.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
        let bad =
            |detail: String| Error::BadTensor { network: self.network.into(), tensor: name.into(), detail };
        let tensor = self.tensors.get(name).ok_or_else(|| bad("missing".into()))?;
        if tensor.dtype() != DType::F32 || tensor.dims() != shape || !tensor.is_contiguous() {
            let (dtype, dims) = (tensor.dtype(), tensor.dims());
            return Err(bad(format!("is {dtype:?} {dims:?}, not {:?} {shape:?}", DType::F32)));
        }
        Ok(tensor.clone())
    }
}

/// Turns pixels (0 to 255) into what a network was trained on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normalization {
    mean: [f32; 3],
    scale: f32,
}

impl Normalization {
    /// Reads what a pack says of a network's input, which must be as large as the code makes it.
    ///
    /// # Errors
    /// The pack has no such network, or one for another size of input.
    pub(crate) fn read(pack: &Pack, network: &str, side_px: Option<usize>) -> Result<Self, Error> {
        let InputContract { side_px: found, mean, divisor, .. } = *pack.input_contract(network)?;
        if found.map(|side| side as usize) != side_px {
            let detail = format!("network {network} takes {found:?} pixels a side, not {side_px:?}");
            return Err(Error::Manifest { detail });
        }
        Ok(Self { mean, scale: 1.0 / divisor })
    }

    /// Applies `(pixel - mean) / divisor` to interleaved RGB in place.
    pub(crate) fn apply(self, rgb: &mut [f32]) {
        for pixel in rgb.chunks_exact_mut(3) {
            for (value, mean) in pixel.iter_mut().zip(self.mean) {
                *value = (*value - mean) * self.scale;
            }
        }
    }
}
