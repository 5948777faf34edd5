//! The processor kernels under the networks: slices in, vectors out, everything NHWC and `f32`.
//!
//! Knows shapes and arithmetic; must not know what a network or a tensor library is.

pub(crate) mod arrange;
pub(crate) mod convolution;
pub(crate) mod depthwise;
pub(crate) mod gate;
mod matmul;
pub(crate) mod pooling;
mod vectors;

use std::fmt;

/// Shape of a batch of feature maps: `[batch, height, width, channels]`, channels innermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NhwcShape {
    pub(crate) batch: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl NhwcShape {
    /// Number of values.
    pub(crate) fn len(self) -> usize {
        self.batch * self.height * self.width * self.channels
    }
}

/// Rows and columns of zeros around a feature map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Padding {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) bottom: usize,
    pub(crate) right: usize,
}

impl Padding {
    /// None at all: the "VALID" of TensorFlow.
    pub(crate) const NONE: Self = Self { top: 0, left: 0, bottom: 0, right: 0 };
    /// One row and column on every side.
    pub(crate) const AROUND: Self = Self { top: 1, left: 1, bottom: 1, right: 1 };
    /// One row below and one column to the right: "SAME" of TensorFlow for 3 x 3, stride 2, even sizes.
    pub(crate) const AFTER: Self = Self { top: 0, left: 0, bottom: 1, right: 1 };
}

/// The window that slides over a feature map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Down and across.
    pub(crate) stride: (usize, usize),
    pub(crate) padding: Padding,
}

impl Window {
    /// Height and width of the output.
    ///
    /// # Errors
    /// The window is larger than the padded input, or the stride is zero.
    pub(crate) fn output_size(self, input: NhwcShape) -> Result<(usize, usize), ShapeMismatch> {
        let height = input.height + self.padding.top + self.padding.bottom;
        let width = input.width + self.padding.left + self.padding.right;
        let (down, across) = self.stride;
        if down == 0
            || across == 0
            || self.height == 0
            || self.width == 0
            || height < self.height
            || width < self.width
        {
            return Err(ShapeMismatch("the window is larger than the padded input"));
        }
        Ok(((height - self.height) / down + 1, (width - self.width) / across + 1))
    }
}

/// Slices and shapes given to a kernel do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShapeMismatch(pub(crate) &'static str);

impl fmt::Display for ShapeMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for ShapeMismatch {}
