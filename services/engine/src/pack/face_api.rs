//! The quantised weight files of face-api (the tfjs "weights manifest" format).
//!
//! A JSON manifest lists tensors in the order of one binary file; a quantised tensor has one byte an element, and its
//! value is `byte * scale + min`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Error;

/// Tensors of plain numbers by name.
pub(super) type Tensors = BTreeMap<String, Values>;

/// A tensor of plain numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    /// Sizes, outermost first.
    pub(super) shape: Vec<usize>,
    /// Row-major.
    pub(super) values: Vec<f32>,
}

#[derive(Deserialize)]
struct Group {
    paths: Vec<String>,
    weights: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    quantization: Option<Quantization>,
}

#[derive(Deserialize)]
struct Quantization {
    dtype: String,
    scale: f64,
    min: f64,
}

/// Reads all tensors of one group in one file.
///
/// # Errors
/// [`Error::Weights`]: another structure, an unknown type, or the file's length is not the sum of its tensors'.
pub(super) fn read(name: &str, manifest: &[u8], binary: &[u8]) -> Result<Tensors, Error> {
    let fault = |detail: String| Error::Weights { name: name.into(), detail };
    let groups: Vec<Group> = serde_json::from_slice(manifest).map_err(|error| fault(error.to_string()))?;
    let [group] = groups.as_slice() else {
        return Err(fault("expected one group of weights".into()));
    };
    if group.paths.len() != 1 {
        return Err(fault("expected one file of weights".into()));
    }
    let mut rest = binary;
    let mut tensors = Tensors::new();
    for entry in &group.weights {
        let (values, after) =
            entry.read(rest).map_err(|detail| fault(format!("{}: {detail}", entry.name)))?;
        rest = after;
        tensors.insert(entry.name.clone(), Values { shape: entry.shape.clone(), values });
    }
    if !rest.is_empty() {
        return Err(fault(format!("{} bytes are left over", rest.len())));
    }
    Ok(tensors)
}

impl Entry {
    fn read<'a>(&self, bytes: &'a [u8]) -> Result<(Vec<f32>, &'a [u8]), String> {
        let count = self.shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        let count = count.ok_or("the shape is too large")?;
        if self.dtype != "float32" {
            return Err(format!("unexpected type {}", self.dtype));
        }
        match &self.quantization {
            Some(quantization) if quantization.dtype == "uint8" => {
                let (own, rest) = bytes.split_at_checked(count).ok_or("the data end early")?;
                let value = |byte: &u8| (f64::from(*byte) * quantization.scale + quantization.min) as f32;
                Ok((own.iter().map(value).collect(), rest))
            }
            Some(quantization) => Err(format!("unexpected quantisation {}", quantization.dtype)),
            None => {
                let len = count.checked_mul(4).ok_or("the shape is too large")?;
                let (own, rest) = bytes.split_at_checked(len).ok_or("the data end early")?;
                Ok((own.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect(), rest))
            }
        }
    }
}

#[cfg(test)]
mod tests;
