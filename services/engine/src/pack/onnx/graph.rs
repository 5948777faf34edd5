//! The operators and constants of an ONNX file: as much of the format as the engine's own layers are made of.

use std::collections::HashMap;

use prost::Message;

/// Code of 32-bit floats among the types of a tensor.
const FLOAT: i32 = 1;

/// A network as operators, each behind those that it reads.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    /// Of floats, by name.
    pub(crate) constants: HashMap<String, Constant>,
    /// Name of the first input.
    pub(crate) input: String,
    /// Name of the first output.
    pub(crate) output: String,
}

/// One operator.
pub(crate) struct Node {
    pub(crate) operator: String,
    /// Names of values; empty where an optional one is left out.
    pub(crate) inputs: Vec<String>,
    /// Name of the first value that it makes.
    pub(crate) output: String,
    integers: HashMap<String, Vec<i64>>,
    floats: HashMap<String, f32>,
    texts: HashMap<String, String>,
}

impl Node {
    /// Whole numbers of an attribute; none where it is absent.
    pub(crate) fn integers(&self, name: &str) -> &[i64] {
        self.integers.get(name).map_or(&[], Vec::as_slice)
    }

    /// An attribute's number.
    pub(crate) fn float(&self, name: &str) -> Option<f32> {
        self.floats.get(name).copied()
    }

    /// An attribute's text; empty where it is absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

/// A tensor that the file brings.
pub(crate) struct Constant {
    pub(crate) sizes: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Graph {
    /// # Errors
    /// The bytes are no such file, or a tensor has not as many numbers as its sizes say.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let model = wire::Model::decode(bytes).map_err(|error| error.to_string())?;
        let graph = model.graph.ok_or("the file has no graph")?;
        let mut constants = HashMap::new();
        for tensor in graph.initializer {
            let name = tensor.name.clone();
            constants.extend(constant(tensor)?.map(|constant| (name, constant)));
        }
        let mut nodes = Vec::with_capacity(graph.node.len());
        for node in graph.node {
            let output = node.output.into_iter().next().unwrap_or_default();
            let (mut integers, mut floats, mut texts) = (HashMap::new(), HashMap::new(), HashMap::new());
            let mut tensor = None;
            for attribute in node.attribute {
                let wire::Attribute { name, f, i, s, t, ints } = attribute;
                floats.insert(name.clone(), f);
                texts.insert(name.clone(), String::from_utf8_lossy(&s).into_owned());
                integers.insert(name, if ints.is_empty() { vec![i] } else { ints });
                tensor = tensor.or(t);
            }
            match tensor.filter(|_| node.op_type == "Constant") {
                Some(tensor) => constants.extend(constant(tensor)?.map(|constant| (output, constant))),
                None => nodes.push(Node {
                    operator: node.op_type,
                    inputs: node.input,
                    output,
                    integers,
                    floats,
                    texts,
                }),
            }
        }
        let first = |values: Vec<wire::Value>| values.into_iter().next().map(|value| value.name);
        let input = first(graph.input).ok_or("the graph has no input")?;
        let output = first(graph.output).ok_or("the graph has no output")?;
        Ok(Self { nodes, constants, input, output })
    }
}

/// A tensor of floats; none where it is of anything else.
fn constant(tensor: wire::Tensor) -> Result<Option<Constant>, String> {
    if tensor.data_type != FLOAT {
        return Ok(None);
    }
    let sizes: Option<Vec<usize>> = tensor.dims.iter().map(|size| usize::try_from(*size).ok()).collect();
    let sizes = sizes.ok_or("a tensor has a negative size")?;
    let values: Vec<f32> = match tensor.float_data.is_empty() {
        true => tensor.raw_data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        false => tensor.float_data,
    };
    let count = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if count != Some(values.len()) {
        return Err(format!("a tensor of the sizes {sizes:?} has {} numbers", values.len()));
    }
    Ok(Some(Constant { sizes, values }))
}

/// Messages of the format, with the fields that are used.
pub(crate) mod wire {
    use prost::Message;

    /// `ModelProto`
    #[derive(Message)]
    pub(crate) struct Model {
        #[prost(message, optional, tag = "7")]
        pub(crate) graph: Option<Graph>,
    }

    /// `GraphProto`
    #[derive(Message)]
    pub(crate) struct Graph {
        #[prost(message, repeated, tag = "1")]
        pub(crate) node: Vec<Node>,
        #[prost(message, repeated, tag = "5")]
        pub(crate) initializer: Vec<Tensor>,
        #[prost(message, repeated, tag = "11")]
        pub(crate) input: Vec<Value>,
        #[prost(message, repeated, tag = "12")]
        pub(crate) output: Vec<Value>,
    }

    /// `ValueInfoProto`
    #[derive(Message)]
    pub(crate) struct Value {
        #[prost(string, tag = "1")]
        pub(crate) name: String,
    }

    /// `NodeProto`
    #[derive(Message)]
    pub(crate) struct Node {
        #[prost(string, repeated, tag = "1")]
        pub(crate) input: Vec<String>,
        #[prost(string, repeated, tag = "2")]
        pub(crate) output: Vec<String>,
        #[prost(string, tag = "4")]
        pub(crate) op_type: String,
        #[prost(message, repeated, tag = "5")]
        pub(crate) attribute: Vec<Attribute>,
    }

    /// `AttributeProto`
    #[derive(Message)]
    pub(crate) struct Attribute {
        #[prost(string, tag = "1")]
        pub(crate) name: String,
        #[prost(float, tag = "2")]
        pub(crate) f: f32,
        #[prost(int64, tag = "3")]
        pub(crate) i: i64,
        #[prost(bytes = "vec", tag = "4")]
        pub(crate) s: Vec<u8>,
        #[prost(message, optional, tag = "5")]
        pub(crate) t: Option<Tensor>,
        #[prost(int64, repeated, tag = "8")]
        pub(crate) ints: Vec<i64>,
    }

    /// `TensorProto`
    #[derive(Message)]
    pub(crate) struct Tensor {
        #[prost(int64, repeated, tag = "1")]
        pub(crate) dims: Vec<i64>,
        #[prost(int32, tag = "2")]
        pub(crate) data_type: i32,
        #[prost(float, repeated, tag = "4")]
        pub(crate) float_data: Vec<f32>,
        #[prost(string, tag = "8")]
        pub(crate) name: String,
        #[prost(bytes = "vec", tag = "9")]
        pub(crate) raw_data: Vec<u8>,
    }
}
