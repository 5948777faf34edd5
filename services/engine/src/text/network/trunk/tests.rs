//! The trunk against the operators' definitions, one after the other.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;

use prost::Message;

use super::*;
use crate::pack::onnx::wire;

/// A network in the making.
#[derive(Default)]
struct Network {
    nodes: Vec<wire::Node>,
    constants: Vec<wire::Tensor>,
}

impl Network {
    /// Adds an operator; its value is named by its place among them.
    fn add(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, &[i64])]) -> String {
        let name = format!("{}", self.nodes.len());
        let attribute = attributes.iter().map(|(name, ints)| wire::Attribute {
            name: (*name).into(),
            ints: ints.to_vec(),
            ..wire::Attribute::default()
        });
        self.nodes.push(wire::Node {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![name.clone()],
            op_type: operator.into(),
            attribute: attribute.collect(),
        });
        name
    }

    fn constant(&mut self, sizes: &[usize], values: &[f32]) -> String {
        let name = format!("constant {}", self.constants.len());
        self.constants.push(wire::Tensor {
            dims: sizes.iter().map(|size| *size as i64).collect(),
            data_type: 1,
            float_data: Vec::new(),
            name: name.clone(),
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        });
        name
    }

    /// Numbers between -1 and 1 that differ.
    fn weights(&mut self, sizes: &[usize]) -> String {
        let seed = self.constants.len() * 31;
        let number = |index: usize| ((index * 37 + seed) % 41) as f32 / 20.0 - 1.0;
        self.constant(sizes, &(0..sizes.iter().product()).map(number).collect::<Vec<_>>())
    }

    fn hard_swish(&mut self, value: &str) -> String {
        let [three, zero, six] = [3.0, 0.0, 6.0].map(|number| self.constant(&[1], &[number]));
        let shifted = self.add("Add", &[value, &three], &[]);
        let clipped = self.add("Clip", &[&shifted, &zero, &six], &[]);
        let product = self.add("Mul", &[value, &clipped], &[]);
        self.add("Div", &[&product, &six], &[])
    }

    fn graph(self, output: &str) -> Graph {
        let named = |name: &str| vec![wire::Value { name: name.into() }];
        let graph = wire::Graph {
            node: self.nodes,
            initializer: self.constants,
            input: named("x"),
            output: named(output),
        };
        Graph::read(&wire::Model { graph: Some(graph) }.encode_to_vec()).unwrap()
    }
}

/// Planes of one picture: channels, height, width.
#[derive(Clone)]
struct Planes([usize; 3], Vec<f32>);

impl Planes {
    fn new(sizes: [usize; 3], value: impl Fn(usize, usize, usize) -> f32) -> Self {
        let [channels, height, width] = sizes;
        let places = (0..channels * height * width)
            .map(|index| (index / width / height, index / width % height, index % width));
        Self(sizes, places.map(|(channel, y, x)| value(channel, y, x)).collect())
    }

    fn at(&self, channel: usize, y: isize, x: isize) -> f32 {
        let [_, height, width] = self.0;
        let is_inside = (0..height as isize).contains(&y) && (0..width as isize).contains(&x);
        if is_inside { self.1[(channel * height + y as usize) * width + x as usize] } else { 0.0 }
    }

    fn map(self, value: impl Fn(f32) -> f32) -> Self {
        Self(self.0, self.1.into_iter().map(value).collect())
    }
}

/// The values of all operators, by their definitions.
fn evaluate(graph: &Graph, input: Planes) -> HashMap<String, Planes> {
    let mut values = HashMap::from([("x".to_owned(), input)]);
    for node in &graph.nodes {
        let constant = |input: usize| &graph.constants[&node.inputs[input]];
        let read = node.inputs.iter().position(|name| values.contains_key(name)).unwrap();
        let one = values[&node.inputs[read]].clone();
        let [channels, height, width] = one.0;
        let second = node.inputs.get(1).filter(|_| read == 0).and_then(|name| values.get(name));
        let number = || constant(1 - read).values[0];
        let value = match (node.operator.as_str(), second) {
            ("Add", Some(other)) => Planes::new(one.0, |c, y, x| {
                one.at(c, y as isize, x as isize) + other.at(c, y as isize, x as isize)
            }),
            ("Mul", Some(other)) => {
                let is_single = other.0[1..] == [1, 1];
                let place = |at: usize| if is_single { 0 } else { at as isize };
                Planes::new(one.0, |c, y, x| {
                    one.at(c, y as isize, x as isize) * other.at(c, place(y), place(x))
                })
            }
            ("Concat", Some(other)) => Planes::new([channels + other.0[0], height, width], |c, y, x| {
                let (of, c) = if c < channels { (&one, c) } else { (other, c - channels) };
                of.at(c, y as isize, x as isize)
            }),
            ("Add", None) => one.map(|value| value + number()),
            ("Mul", None) => one.map(|value| value * number()),
            ("Div", None) => one.map(|value| value / number()),
            ("Clip", None) => one.map(|value| value.clamp(0.0, 6.0)),
            ("Relu", None) => one.map(|value| value.max(0.0)),
            ("Sigmoid", None) => one.map(|value| 1.0 / (1.0 + (-value).exp())),
            ("HardSigmoid", None) => one.map(|value| (0.2 * value + 0.5).clamp(0.0, 1.0)),
            ("GlobalAveragePool", None) => Planes::new([channels, 1, 1], |c, _, _| {
                one.1[c * height * width..][..height * width].iter().sum::<f32>() / (height * width) as f32
            }),
            ("BatchNormalization", None) => Planes::new(one.0, |c, y, x| {
                let of = |input: usize| constant(input).values[c];
                (one.at(c, y as isize, x as isize) - of(3)) / (of(4) + 1e-5).sqrt() * of(1) + of(2)
            }),
            ("Resize", None) => Planes::new([channels, height * 2, width * 2], |c, y, x| {
                one.at(c, y as isize / 2, x as isize / 2)
            }),
            ("ConvTranspose", None) => {
                let weights = constant(1);
                let outputs = weights.sizes[1];
                Planes::new([outputs, height * 2, width * 2], |o, y, x| {
                    let term = |c: usize| {
                        let weight = weights.values[((c * outputs + o) * 2 + y % 2) * 2 + x % 2];
                        weight * one.at(c, y as isize / 2, x as isize / 2)
                    };
                    (0..channels).map(term).sum()
                })
            }
            ("Conv", None) => {
                convolve_by_definition(node, constant(1), node.inputs.get(2).map(|_| constant(2)), &one)
            }
            other => panic!("{}", other.0),
        };
        values.insert(node.output.clone(), value);
    }
    values
}

fn convolve_by_definition(
    node: &crate::pack::onnx::Node,
    weights: &crate::pack::onnx::Constant,
    bias: Option<&crate::pack::onnx::Constant>,
    input: &Planes,
) -> Planes {
    let [outputs, inputs, height, width] = weights.sizes.as_slice().try_into().unwrap();
    let is_depthwise = inputs == 1 && input.0[0] > 1;
    let [down, across] = node.integers("strides").try_into().unwrap_or([1, 1]).map(|stride| stride as usize);
    let pad = (height / 2) as isize;
    let side = |len: usize, stride: usize| (len + 2 * (height / 2) - height) / stride + 1;
    Planes::new([outputs, side(input.0[1], down), side(input.0[2], across)], |output, y, x| {
        let taps = (0..inputs * height * width).map(|tap| {
            let (channel, row, column) = (tap / width / height, tap / width % height, tap % width);
            let from = if is_depthwise { output } else { channel };
            let place = ((y * down + row) as isize - pad, (x * across + column) as isize - pad);
            weights.values[output * inputs * height * width + tap] * input.at(from, place.0, place.1)
        });
        taps.sum::<f32>() + bias.map_or(0.0, |bias| bias.values[output])
    })
}

/// The pieces that networks for text are made of; what the trunk has no layer for is left, with all that it reads.
#[test]
fn the_ends_are_what_the_operators_make() {
    let mut network = Network::default();
    let pads: (&str, &[i64]) = ("pads", &[1, 1, 1, 1]);

    let weights = network.weights(&[6, 3, 3, 3]);
    let value = network.add("Conv", &["x", &weights], &[pads, ("strides", &[2, 2])]);
    let [scale, shift, mean] = [(); 3].map(|()| network.weights(&[6]));
    let variance = network.constant(&[6], &[0.5, 1.0, 2.0, 0.7, 0.2, 3.0]);
    let value = network.add("BatchNormalization", &[&value, &scale, &shift, &mean, &variance], &[]);

    let (weights, bias) = (network.weights(&[6, 1, 3, 3]), network.weights(&[6]));
    let value = network.add("Conv", &[&value, &weights, &bias], &[pads, ("group", &[6])]);
    let [two, some, less] = [2.0, 0.3, -0.4].map(|number| network.constant(&[1], &[number]));
    let value = network.add("Mul", &[&two, &value], &[]);
    let value = network.add("Add", &[&value, &some], &[]);
    let value = network.hard_swish(&value);
    let value = network.add("Mul", &[&some, &value], &[]);
    let large = network.add("Add", &[&value, &less], &[]);

    let weights = network.weights(&[6, 1, 3, 3]);
    let small = network.add("Conv", &[&large, &weights], &[pads, ("group", &[6]), ("strides", &[2, 2])]);
    let means = network.add("GlobalAveragePool", &[&small], &[]);
    let (weights, bias) = (network.weights(&[2, 6, 1, 1]), network.weights(&[2]));
    let gate = network.add("Conv", &[&means, &weights, &bias], &[]);
    let gate = network.add("Relu", &[&gate], &[]);
    let (weights, bias) = (network.weights(&[6, 2, 1, 1]), network.weights(&[6]));
    let gate = network.add("Conv", &[&gate, &weights, &bias], &[]);
    let gate = network.add("HardSigmoid", &[&gate], &[]);
    let product = network.add("Mul", &[&small, &gate], &[]);
    let small = network.add("Add", &[&small, &product], &[]);

    let enlarging = network.constant(&[4], &[1.0, 1.0, 2.0, 2.0]);
    let enlarged = network.add("Resize", &[&small, "", &enlarging], &[]);
    let sum = network.add("Add", &[&large, &enlarged], &[]);
    let joined = network.add("Concat", &[&enlarged, &sum], &[("axis", &[1])]);
    let weights = network.weights(&[12, 2, 2, 2]);
    let value = network.add("ConvTranspose", &[&joined, &weights], &[("strides", &[2, 2])]);
    let value = network.add("Relu", &[&value], &[]);
    let last = network.add("Sigmoid", &[&value], &[]);
    for node in &mut network.nodes {
        if node.op_type == "Resize" {
            let texts = [
                ("mode", "nearest"),
                ("coordinate_transformation_mode", "asymmetric"),
                ("nearest_mode", "floor"),
            ];
            node.attribute = texts
                .map(|(name, text)| wire::Attribute {
                    name: name.into(),
                    s: text.into(),
                    ..wire::Attribute::default()
                })
                .into();
        }
    }

    let graph = network.graph(&last);
    let trunk = Trunk::of(&graph);
    assert_eq!(trunk.ends().collect::<Vec<_>>(), [value.as_str()]);

    let input = Planes::new([3, 16, 24], |c, y, x| ((c * 7 + y * 5 + x * 3) % 13) as f32 / 6.0 - 1.0);
    let expected = &evaluate(&graph, input.clone())[&value];
    let shape = NhwcShape { batch: 1, height: 16, width: 24, channels: 3 };
    let values = (0..shape.len())
        .map(|index| input.at(index % 3, (index / 3 / 24) as isize, (index / 3 % 24) as isize));
    let ends = trunk.run(Map { values: values.collect(), shape }).unwrap();
    let (sizes, planes) = ends.into_iter().next().unwrap().into_planes();
    assert_eq!(sizes[1..], expected.0);
    let largest = expected.1.iter().copied().fold(0.0, f32::max);
    assert!(largest > 1.0, "{largest}");
    for (found, expected) in planes.iter().zip(&expected.1) {
        assert!((found - expected).abs() < 1e-4 * largest, "{found} for {expected}");
    }
}

#[test]
fn a_network_without_a_trunk_is_left_as_it_is() {
    let mut network = Network::default();
    let last = network.add("Sigmoid", &["x"], &[]);
    let trunk = Trunk::of(&network.graph(&last));
    assert_eq!(trunk.ends().collect::<Vec<_>>(), ["x"]);
    let shape = NhwcShape { batch: 1, height: 1, width: 2, channels: 2 };
    let ends = trunk.run(Map { values: vec![1.0, 2.0, 3.0, 4.0], shape }).unwrap();
    let (sizes, planes) = ends.into_iter().next().unwrap().into_planes();
    assert_eq!((sizes, planes), ([1, 2, 1, 2], vec![1.0, 3.0, 2.0, 4.0]));
}
