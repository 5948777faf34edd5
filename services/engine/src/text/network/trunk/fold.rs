//! What follows a convolution and becomes part of it: normalisation, scaling, shifts and the activation.

use super::plan::Planner;
use crate::{
    kernels::convolution::Activation,
    pack::onnx::{Constant, Node},
};

/// A convolution's end: per output channel a factor and a shift of its sums, then the activation.
pub(super) struct Tail<'a> {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
    pub(super) activation: Activation<'static>,
    /// Name of the value behind all that.
    pub(super) value: &'a str,
}

impl<'a> Tail<'a> {
    /// Takes the operators behind `value`, a convolution's sums, as far as they can be folded.
    pub(super) fn follow(planner: &mut Planner<'a>, value: &'a str, bias: Vec<f32>) -> Self {
        let mut tail =
            Self { scale: vec![1.0; bias.len()], shift: bias, activation: Activation::Identity, value };
        while let Some(index) = planner.only_reader(tail.value) {
            if !tail.fold(planner, index) {
                break;
            }
            planner.take(index);
            tail.value = &planner.node(index).output;
        }
        if let Some(index) = planner.only_reader(tail.value)
            && planner.node(index).operator == "Relu"
        {
            planner.take(index);
            tail.activation = Activation::Relu;
            tail.value = &planner.node(index).output;
        } else if let Some(last) = hard_swish(planner, tail.value) {
            tail.value = &planner.node(last).output;
            tail.follow_hard_swish(planner);
        }
        tail
    }

    /// Whether an operator on the sums is one that is a factor or a shift of channels.
    fn fold(&mut self, planner: &Planner<'a>, index: usize) -> bool {
        let node = planner.node(index);
        if node.operator == "BatchNormalization" {
            return self.normalise(planner, node).is_some();
        }
        let Some(by) =
            planner.constant_beside(node, self.value).and_then(|by| per_channel(by, self.scale.len()))
        else {
            return false;
        };
        match node.operator.as_str() {
            "Mul" => {
                self.scale.iter_mut().zip(&by).for_each(|(scale, by)| *scale *= by);
                self.shift.iter_mut().zip(&by).for_each(|(shift, by)| *shift *= by);
            }
            "Add" => self.shift.iter_mut().zip(&by).for_each(|(shift, by)| *shift += by),
            _ => return false,
        }
        true
    }

    fn normalise(&mut self, planner: &Planner<'a>, node: &Node) -> Option<()> {
        let of = |input: usize| {
            let constant = planner.constant(node.inputs.get(input)?)?;
            (constant.values.len() == self.scale.len()).then_some(&constant.values)
        };
        let (scale, shift, mean, variance) = (of(1)?, of(2)?, of(3)?, of(4)?);
        let epsilon = node.float("epsilon").unwrap_or(1e-5);
        for channel in 0..self.scale.len() {
            let by = scale[channel] / (variance[channel] + epsilon).sqrt();
            self.scale[channel] *= by;
            self.shift[channel] = (self.shift[channel] - mean[channel]) * by + shift[channel];
        }
        Some(())
    }

    /// A factor and a shift of all channels behind the activation are part of it.
    fn follow_hard_swish(&mut self, planner: &mut Planner<'a>) {
        let (mut scale, mut shift) = (1.0 / 6.0, 0.0);
        while let Some(index) = planner.only_reader(self.value) {
            let node = planner.node(index);
            let by = planner.constant_beside(node, self.value).and_then(only);
            match (node.operator.as_str(), by) {
                ("Mul", Some(by)) => (scale, shift) = (scale * by, shift * by),
                ("Add", Some(by)) => shift += by,
                _ => break,
            }
            planner.take(index);
            self.value = &node.output;
        }
        self.activation = Activation::HardSwish { scale, shift };
    }
}

/// Takes `x * min(max(x + 3, 0), 6) / 6`; answers its last operator.
fn hard_swish(planner: &mut Planner<'_>, value: &str) -> Option<usize> {
    let [one, other] = *planner.readers(value) else { return None };
    let (shifted, product) = if planner.node(one).operator == "Add" { (one, other) } else { (other, one) };
    let is_by = |index: usize, operator: &str, beside: &str, number: f32| {
        let node = planner.node(index);
        let by = planner.constant_beside(node, beside).and_then(only);
        node.operator == operator && by == Some(number)
    };
    let clipped = planner.only_reader(&planner.node(shifted).output)?;
    let clip = planner.node(clipped);
    let bound = |input: usize| planner.constant(clip.inputs.get(input)?).and_then(only);
    let last = planner.only_reader(&planner.node(product).output)?;
    let is_product = planner.node(product).operator == "Mul"
        && planner.only_reader(&clip.output) == Some(product)
        && planner.node(product).inputs.iter().any(|input| input == value);
    let divided = planner.node(last);
    let is_hard_swish = is_by(shifted, "Add", value, 3.0)
        && clip.operator == "Clip"
        && bound(1) == Some(0.0)
        && bound(2) == Some(6.0)
        && is_product
        && is_by(last, "Div", &planner.node(product).output, 6.0)
        && divided.inputs.first() == Some(&planner.node(product).output);
    if !is_hard_swish {
        return None;
    }
    [shifted, clipped, product, last].into_iter().for_each(|index| planner.take(index));
    Some(last)
}

/// The number of a constant that has one.
fn only(constant: &Constant) -> Option<f32> {
    match *constant.values.as_slice() {
        [number] => Some(number),
        _ => None,
    }
}

/// A constant's number for each channel of planes.
fn per_channel(constant: &Constant, channels: usize) -> Option<Vec<f32>> {
    match *constant.sizes.as_slice() {
        [1, count, 1, 1] | [count, 1, 1] if count == channels => Some(constant.values.clone()),
        _ => only(constant).map(|number| vec![number; channels]),
    }
}
