//! Which of a network's operators the trunk computes: those whose inputs it has, as far as there are layers for them.

use std::collections::HashMap;

use super::{Affine, Filters, Gates, Layer, Step, Trunk, fold::Tail};
use crate::{
    kernels::{Padding, Window},
    pack::onnx::{Constant, Graph, Node},
};

/// A value, counted as `factor` times as high and wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) value: usize,
    pub(super) factor: usize,
}

/// Plans the trunk of a network.
pub(super) fn plan(graph: &Graph) -> Trunk {
    let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            readers.entry(input).or_default().push(index);
        }
    }
    let mut planner = Planner {
        graph,
        readers,
        is_taken: vec![false; graph.nodes.len()],
        places: HashMap::from([(graph.input.as_str(), Place { value: 0, factor: 1 })]),
        steps: Vec::new(),
        values: 1,
    };
    for index in 0..graph.nodes.len() {
        if !planner.is_taken[index] && planner.layer(index).is_some() {
            planner.take(index);
        }
    }
    planner.finish()
}

pub(super) struct Planner<'a> {
    graph: &'a Graph,
    readers: HashMap<&'a str, Vec<usize>>,
    is_taken: Vec<bool>,
    /// Of the values that the steps so far make.
    places: HashMap<&'a str, Place>,
    steps: Vec<Step>,
    /// How many values the steps have.
    values: usize,
}

impl<'a> Planner<'a> {
    pub(super) fn node(&self, index: usize) -> &'a Node {
        &self.graph.nodes[index]
    }

    /// Leaves an operator to the trunk.
    pub(super) fn take(&mut self, index: usize) {
        self.is_taken[index] = true;
    }

    pub(super) fn readers(&self, value: &str) -> &[usize] {
        self.readers.get(value).map_or(&[], Vec::as_slice)
    }

    /// The operator that reads a value, where no other does and the network does not answer it.
    pub(super) fn only_reader(&self, value: &str) -> Option<usize> {
        match *self.readers(value) {
            [reader] if value != self.graph.output => Some(reader),
            _ => None,
        }
    }

    pub(super) fn constant(&self, name: &str) -> Option<&'a Constant> {
        self.graph.constants.get(name)
    }

    /// The constant among a node's two inputs, of which the other is `value`.
    pub(super) fn constant_beside(&self, node: &Node, value: &str) -> Option<&'a Constant> {
        match node.inputs.as_slice() {
            [one, other] if one == value => self.constant(other),
            [other, one] if one == value => self.constant(other),
            _ => None,
        }
    }

    /// Where an input of a node is, as it was made.
    fn place(&self, node: &Node, input: usize) -> Option<Place> {
        self.places.get(node.inputs.get(input)?.as_str()).copied().filter(|place| place.factor == 1)
    }

    fn push(&mut self, layer: Layer, inputs: Vec<Place>, value: &'a str) {
        let output = self.values;
        self.values += 1;
        self.steps.push(Step { layer, inputs, output });
        self.places.insert(value, Place { value: output, factor: 1 });
    }

    /// Makes a layer of an operator and those behind it.
    fn layer(&mut self, index: usize) -> Option<()> {
        let node = self.node(index);
        match node.operator.as_str() {
            "Conv" => self.convolution(node),
            "ConvTranspose" => self.enlarging(node),
            "GlobalAveragePool" => self.gate(node),
            "AveragePool" => self.mean(node),
            "Resize" => self.resize(node),
            "Add" => self.sum(node),
            "Concat" => self.join(node),
            _ => None,
        }
    }

    fn convolution(&mut self, node: &'a Node) -> Option<()> {
        let place = self.place(node, 0)?;
        let weights = self.constant(node.inputs.get(1)?)?;
        let ([outputs, inputs, height, width], [top, left, bottom, right], [down, across]) =
            (numbers(&weights.sizes)?, whole(node, "pads", 0)?, whole(node, "strides", 1)?);
        let [group] = whole(node, "group", 1)?;
        let is_depthwise = inputs == 1 && group == outputs && outputs > 1;
        let is_plain =
            whole(node, "dilations", 1)? == [1, 1] && matches!(node.text("auto_pad"), "" | "NOTSET");
        if !is_plain || !(is_depthwise || group == 1) {
            return None;
        }
        let bias = self.bias(node, outputs)?;
        let tail = Tail::follow(self, &node.output, bias);
        let taps = height * width;
        let mut folded = vec![0.0; weights.values.len()];
        for (index, weight) in weights.values.iter().enumerate() {
            let (output, input, tap) = (index / taps / inputs, index / taps % inputs, index % taps);
            folded[(tap * inputs + input) * outputs + output] = weight * tail.scale[output];
        }
        let padding = Padding { top, left, bottom, right };
        let window = Window { height, width, stride: (down, across), padding };
        let filters = Filters { weights: folded, bias: tail.shift, window, activation: tail.activation };
        let layer = if is_depthwise { Layer::Depthwise(filters) } else { Layer::Convolution(filters) };
        self.push(layer, vec![place], tail.value);
        Some(())
    }

    /// A transposed convolution that makes two by two positions of one.
    fn enlarging(&mut self, node: &'a Node) -> Option<()> {
        let place = self.place(node, 0)?;
        let weights = self.constant(node.inputs.get(1)?)?;
        let [_, outputs, 2, 2] = numbers(&weights.sizes)? else { return None };
        let is_plain = whole(node, "pads", 0)? == [0; 4]
            && whole(node, "strides", 1)? == [2, 2]
            && whole(node, "dilations", 1)? == [1, 1]
            && whole(node, "group", 1)? == [1]
            && node.integers("output_padding").is_empty()
            && node.integers("output_shape").is_empty();
        if !is_plain {
            return None;
        }
        let bias = self.bias(node, outputs)?;
        let tail = Tail::follow(self, &node.output, bias);
        let mut folded = vec![0.0; weights.values.len()];
        for (index, weight) in weights.values.iter().enumerate() {
            let (input, output, tap) = (index / 4 / outputs, index / 4 % outputs, index % 4);
            folded[(input * 4 + tap) * outputs + output] = weight * tail.scale[output];
        }
        let window = Window { height: 1, width: 1, stride: (1, 1), padding: Padding::NONE };
        let bias = tail.shift.repeat(4);
        let filters = Filters { weights: folded, bias, window, activation: tail.activation };
        self.push(Layer::Enlarging(filters), vec![place], tail.value);
        Some(())
    }

    /// A convolution's third input; zeros where there is none.
    fn bias(&self, node: &Node, outputs: usize) -> Option<Vec<f32>> {
        match node.inputs.get(2) {
            None => Some(vec![0.0; outputs]),
            Some(name) => {
                let bias = &self.constant(name)?.values;
                (bias.len() == outputs).then(|| bias.clone())
            }
        }
    }

    /// Means, two dense layers, and the product with what the means are of.
    fn gate(&mut self, node: &'a Node) -> Option<()> {
        let place = self.place(node, 0)?;
        let value = node.inputs.first()?;
        let next = |value: &str, operator: &str| {
            self.only_reader(value).filter(|index| self.node(*index).operator == operator)
        };
        let first = next(&node.output, "Conv")?;
        let rectified = next(&self.node(first).output, "Relu")?;
        let second = next(&self.node(rectified).output, "Conv")?;
        let bounded = next(&self.node(second).output, "HardSigmoid")?;
        let product = next(&self.node(bounded).output, "Mul")?;
        if !self.node(product).inputs.contains(value) {
            return None;
        }
        let sum = next(&self.node(product).output, "Add");
        let sum = sum.filter(|index| self.node(*index).inputs.contains(value));
        let gates = Gates {
            first: self.affine(self.node(first))?,
            second: self.affine(self.node(second))?,
            slope: self.node(bounded).float("alpha").unwrap_or(0.2),
            offset: self.node(bounded).float("beta").unwrap_or(0.5),
            is_added: sum.is_some(),
        };
        for index in [first, rectified, second, bounded, product].into_iter().chain(sum) {
            self.take(index);
        }
        let last = self.node(sum.unwrap_or(product));
        self.push(Layer::Gate(gates), vec![place], &last.output);
        Some(())
    }

    /// A convolution of a single position.
    fn affine(&self, node: &Node) -> Option<Affine> {
        let weights = self.constant(node.inputs.get(1)?)?;
        let [outputs, inputs, 1, 1] = numbers(&weights.sizes)? else { return None };
        let bias = self.bias(node, outputs)?;
        let turned =
            (0..inputs * outputs).map(|index| weights.values[index % outputs * inputs + index / outputs]);
        Some(Affine { weights: turned.collect(), bias })
    }

    fn mean(&mut self, node: &'a Node) -> Option<()> {
        let place = self.place(node, 0)?;
        let [height, width] = whole(node, "kernel_shape", 0)?;
        let is_plain = whole(node, "strides", 1)? == [height, width]
            && whole(node, "pads", 0)? == [0; 4]
            && whole(node, "ceil_mode", 0)? == [0];
        is_plain.then(|| self.push(Layer::Mean(height, width), vec![place], &node.output))
    }

    /// Enlarges to the nearest position; those who read it do so as they go.
    fn resize(&mut self, node: &'a Node) -> Option<()> {
        let place = self.place(node, 0)?;
        let scales = &self.constant(node.inputs.get(2)?)?.values;
        let [1.0, 1.0, down, across] = *scales.as_slice() else { return None };
        let is_nearest = node.text("mode") == "nearest"
            && node.text("coordinate_transformation_mode") == "asymmetric"
            && node.text("nearest_mode") == "floor";
        let is_read = |index: &usize| matches!(self.node(*index).operator.as_str(), "Add" | "Concat");
        let is_whole = down == across && (1.0..=64.0).contains(&down) && down.fract() == 0.0;
        if !is_nearest || !is_whole || !self.readers(&node.output).iter().all(is_read) {
            return None;
        }
        self.places.insert(&node.output, Place { factor: down as usize, ..place });
        Some(())
    }

    fn sum(&mut self, node: &'a Node) -> Option<()> {
        let [one, other] = self.all(node)?.try_into().ok()?;
        self.push(Layer::Sum, vec![one, other], &node.output);
        Some(())
    }

    fn join(&mut self, node: &'a Node) -> Option<()> {
        let places = self.all(node)?;
        (whole(node, "axis", 0)? == [1]).then(|| self.push(Layer::Join, places, &node.output))
    }

    /// Where all inputs of a node are, enlarged or not.
    fn all(&self, node: &Node) -> Option<Vec<Place>> {
        node.inputs.iter().map(|input| self.places.get(input.as_str()).copied()).collect()
    }

    /// What the rest of the network reads are the ends; of the operators that are left, no one is computed twice.
    fn finish(mut self) -> Trunk {
        let is_left = |index: &usize| !self.is_taken[*index];
        let mut ends: Vec<(&str, Place)> = self.places.iter().map(|(name, place)| (*name, *place)).collect();
        ends.retain(|(name, _)| *name == self.graph.output || self.readers(name).iter().any(is_left));
        ends.sort_by_key(|(_, place)| (place.value, place.factor));
        for (name, place) in &mut ends {
            if place.factor > 1 {
                self.push(Layer::Join, vec![*place], name);
                *place = Place { value: self.values - 1, factor: 1 };
            }
        }
        let mut last_steps = vec![None; self.values];
        for (index, step) in self.steps.iter().enumerate() {
            step.inputs.iter().for_each(|place| last_steps[place.value] = Some(index));
        }
        ends.iter().for_each(|(_, place)| last_steps[place.value] = None);
        let ends = ends.into_iter().map(|(name, place)| (name.to_owned(), place)).collect();
        Trunk { steps: self.steps, ends, last_steps }
    }
}

/// Exactly so many numbers.
fn numbers<const N: usize>(values: &[usize]) -> Option<[usize; N]> {
    values.try_into().ok()
}

/// The numbers of an attribute, none of them negative; where it is absent, the usual one.
fn whole<const N: usize>(node: &Node, name: &str, usual: usize) -> Option<[usize; N]> {
    let values = node.integers(name);
    if values.is_empty() {
        return Some([usual; N]);
    }
    let values: Option<Vec<usize>> = values.iter().map(|value| usize::try_from(*value).ok()).collect();
    values?.try_into().ok()
}
