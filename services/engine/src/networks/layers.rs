//! Layers as Candle operations on NHWC tensors; on the processor they run this crate's kernels.
//!
//! A device without such kernels answers with Candle's "no implementation" error; its path is added here and
//! nowhere else.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Error, Layout, Result, Shape, Storage, Tensor};

use super::Weights;
use crate::{
    kernels::{
        NhwcShape, Padding, ShapeMismatch, Window,
        convolution::{Activation, Epilogue, convolve},
        depthwise::convolve_depthwise,
        pooling::{add_padded, global_mean, halve, max_pool},
    },
    pack,
};

/// The non-linearity fused behind a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonlinearity {
    Identity,
    Relu,
    /// With one learnt slope a channel, the tensor `<name>.slope`.
    Prelu,
}

/// A convolution with bias and fused non-linearity; a dense layer is one whose window covers its input.
pub(crate) struct Convolution {
    /// `[window height, window width, input channels, output channels]`.
    weights: Tensor,
    /// `[output channels]`.
    bias: Tensor,
    /// `[output channels]`.
    slopes: Option<Tensor>,
    nonlinearity: Nonlinearity,
    window: Window,
}

impl Convolution {
    /// Loads `<name>.weight`, `<name>.bias` and, for `PReLU`, `<name>.slope`.
    ///
    /// `shape` is `[window height, window width, input channels, output channels]`.
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub(crate) fn load(
        weights: &Weights,
        name: &str,
        shape: [usize; 4],
        (stride, padding): (usize, Padding),
        nonlinearity: Nonlinearity,
    ) -> std::result::Result<Self, pack::Error> {
        let [height, width, _, outputs] = shape;
        let kernel = weights.get(&format!("{name}.weight"), &shape)?;
        let bias = weights.get(&format!("{name}.bias"), &[outputs])?;
        let slopes = match nonlinearity {
            Nonlinearity::Prelu => Some(weights.get(&format!("{name}.slope"), &[outputs])?),
            Nonlinearity::Identity | Nonlinearity::Relu => None,
        };
        let window = Window { height, width, stride: (stride, stride), padding };
        Ok(Self { weights: kernel, bias, slopes, nonlinearity, window })
    }

    /// `activation(convolution(input) + bias)`; input and output `[batch, height, width, channels]`.
    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.apply_op1_no_bwd(self)
    }

    /// `activation(convolution(input) + bias + residual)`; the residual has the output's shape.
    pub(crate) fn forward_onto(&self, input: &Tensor, residual: &Tensor) -> Result<Tensor> {
        input.apply_op2_no_bwd(residual, self)
    }

    fn run(&self, input: &[f32], layout: &Layout, residual: Option<&[f32]>) -> Result<(CpuStorage, Shape)> {
        let shape = nhwc(layout)?;
        if self.weights.dims()[2] != shape.channels {
            return Err(Error::wrap(ShapeMismatch("the input has another number of channels")).bt());
        }
        with_values(&self.weights, |weights| {
            with_values(&self.bias, |bias| {
                let run = |activation: Activation<'_>| {
                    let epilogue = Epilogue { bias, residual, activation };
                    answer(convolve(input, shape, weights, self.window, epilogue))
                };
                match (self.nonlinearity, &self.slopes) {
                    (Nonlinearity::Prelu, Some(slopes)) => {
                        with_values(slopes, |slopes| run(Activation::Prelu(slopes)))
                    }
                    (Nonlinearity::Relu, _) => run(Activation::Relu),
                    (Nonlinearity::Identity | Nonlinearity::Prelu, _) => run(Activation::Identity),
                }
            })
        })
    }
}

impl CustomOp1 for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.run(values(storage, layout)?, layout, None)
    }
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "convolution onto a residual"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.run(values(storage, layout)?, layout, Some(values(residual, residual_layout)?))
    }
}

/// A depthwise 3 x 3 convolution without bias.
pub(crate) struct Depthwise {
    /// `[3, 3, channels]`.
    weights: Tensor,
    /// Zeros.
    bias: Vec<f32>,
    window: Window,
    /// Whether `max(x, 0)` is applied to the input first.
    rectify: bool,
}

impl Depthwise {
    /// Loads `<name>.depthwise`.
    ///
    /// # Errors
    /// The tensor is missing or has another shape.
    pub(crate) fn load(
        weights: &Weights,
        name: &str,
        channels: usize,
        (stride, padding): (usize, Padding),
        rectify: bool,
    ) -> std::result::Result<Self, pack::Error> {
        let kernel = weights.get(&format!("{name}.depthwise"), &[3, 3, channels])?;
        let window = Window { height: 3, width: 3, stride: (stride, stride), padding };
        Ok(Self { weights: kernel, bias: vec![0.0; channels], window, rectify })
    }

    /// Input and output `[batch, height, width, channels]`.
    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.apply_op1_no_bwd(self)
    }
}

impl CustomOp1 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise convolution"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (input, shape) = (values(storage, layout)?, nhwc(layout)?);
        with_values(&self.weights, |weights| {
            let epilogue = Epilogue { bias: &self.bias, residual: None, activation: Activation::Identity };
            answer(convolve_depthwise(input, shape, weights, self.window, self.rectify, epilogue))
        })
    }
}

/// Pooling of `[batch, height, width, channels]`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pooling {
    /// Largest value in each window; `ceil` lets a window reach over the edge.
    Max { size: usize, stride: usize, ceil: bool },
    /// Mean of each whole 2 x 2 window.
    Halve,
    /// Mean of each map: `[batch, 1, 1, channels]`.
    GlobalMean,
}

impl Pooling {
    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.apply_op1_no_bwd(self)
    }
}

impl CustomOp1 for Pooling {
    fn name(&self) -> &'static str {
        "pooling"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (input, shape) = (values(storage, layout)?, nhwc(layout)?);
        answer(match *self {
            Self::Max { size, stride, ceil } => max_pool(input, shape, (size, stride), ceil),
            Self::Halve => halve(input, shape),
            Self::GlobalMean => global_mean(input, shape),
        })
    }
}

/// `relu(main + shortcut)` with both padded by zeros to the larger size.
pub(crate) struct PaddedSum;

impl PaddedSum {
    pub(crate) fn forward(main: &Tensor, shortcut: &Tensor) -> Result<Tensor> {
        main.apply_op2_no_bwd(shortcut, &Self)
    }
}

impl CustomOp2 for PaddedSum {
    fn name(&self) -> &'static str {
        "padded sum"
    }

    fn cpu_fwd(
        &self,
        main: &CpuStorage,
        main_layout: &Layout,
        shortcut: &CpuStorage,
        shortcut_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        answer(add_padded(
            (values(main, main_layout)?, nhwc(main_layout)?),
            (values(shortcut, shortcut_layout)?, nhwc(shortcut_layout)?),
        ))
    }
}

/// Calls `use_them` with the values of a contiguous `f32` tensor on the processor.
pub(crate) fn with_values<T>(tensor: &Tensor, use_them: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => use_them(values(storage, layout)?),
        _ => Err(Error::msg("the tensor does not lie on the processor").bt()),
    }
}

fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) =
        layout.contiguous_offsets().ok_or_else(|| Error::msg("the tensor is not contiguous").bt())?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

fn nhwc(layout: &Layout) -> Result<NhwcShape> {
    let (batch, height, width, channels) = layout.shape().dims4()?;
    Ok(NhwcShape { batch, height, width, channels })
}

fn answer(result: std::result::Result<(Vec<f32>, NhwcShape), ShapeMismatch>) -> Result<(CpuStorage, Shape)> {
    let (out, shape) = result.map_err(|error| Error::wrap(error).bt())?;
    Ok((CpuStorage::F32(out), Shape::from((shape.batch, shape.height, shape.width, shape.channels))))
}
