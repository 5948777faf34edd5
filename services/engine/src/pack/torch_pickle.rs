//! The legacy format of `torch.save`: a few pickles, then the raw storages.
//!
//! Three pickles (magic number, protocol version, system information), one with the state dictionary, whose tensors
//! name their storages, one with the order of the storages, then for each its element count (u64, little endian) and
//! its numbers. Only what state dictionaries of `f32` tensors need is understood; nothing is executed.

mod machine;

use std::collections::HashMap;

use self::machine::{Object, run};
use super::{
    Error,
    face_api::{Tensors, Values},
};

/// Pickled 80-bit number every such file begins with: 0x1950a86a20f9469cfc6c.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Most elements of one tensor.
const ELEMENTS_MAX: usize = 1 << 26;

/// A tensor as the state dictionary describes it.
struct View {
    name: String,
    storage: String,
    offset: usize,
    shape: Vec<usize>,
    stride: Vec<usize>,
}

/// Reads the tensors of a state dictionary.
///
/// # Errors
/// [`Error::Weights`]: another format, or the file's length is not what its parts need.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Tensors, Error> {
    read_tensors(bytes).map_err(|detail| Error::Weights { name: name.into(), detail })
}

fn read_tensors(bytes: &[u8]) -> Result<Tensors, String> {
    let (magic, rest) = run(bytes)?;
    if !matches!(magic, Object::Long(digits) if digits == MAGIC) {
        return Err("not a legacy torch file".into());
    }
    let (_protocol, rest) = run(rest)?;
    let (_system, rest) = run(rest)?;
    let (state, rest) = run(rest)?;
    let (order, rest) = run(rest)?;
    let storages = read_storages(&order, rest)?;
    views(&state)?.into_iter().map(|view| Ok((view.name.clone(), view.gather(&storages)?))).collect()
}

fn read_storages(order: &Object, bytes: &[u8]) -> Result<HashMap<String, Vec<f32>>, String> {
    let Object::List(keys) = order else {
        return Err("the list of storages is missing".into());
    };
    let mut rest = bytes;
    let mut storages = HashMap::new();
    for key in keys {
        let Object::Text(key) = key else {
            return Err("a storage has no name".into());
        };
        let (count, after) = rest.split_first_chunk::<8>().ok_or("the data end early")?;
        let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|error| error.to_string())?;
        let len = count.checked_mul(4).ok_or("a storage is too large")?;
        let (own, after) = after.split_at_checked(len).ok_or("the data end early")?;
        storages
            .insert(key.clone(), own.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect());
        rest = after;
    }
    if !rest.is_empty() {
        return Err(format!("{} bytes are left over", rest.len()));
    }
    Ok(storages)
}

fn views(state: &Object) -> Result<Vec<View>, String> {
    let Object::Dictionary(entries) = state else {
        return Err("the state dictionary is missing".into());
    };
    entries.iter().map(|(key, value)| View::read(key, value)).collect()
}

impl View {
    /// Reads `_rebuild_tensor_v2(storage, offset, shape, stride, ...)`.
    fn read(key: &Object, value: &Object) -> Result<Self, String> {
        let Object::Text(name) = key else {
            return Err("a tensor has no name".into());
        };
        let fault = || format!("{name} is not a tensor of this format");
        let Object::Call(function, arguments) = value else {
            return Err(fault());
        };
        let [
            Object::Storage(storage),
            Object::Number(offset),
            Object::Tuple(shape),
            Object::Tuple(stride),
            ..,
        ] = arguments.as_slice()
        else {
            return Err(fault());
        };
        if function != "torch._utils _rebuild_tensor_v2" {
            return Err(fault());
        }
        let [Object::Text(_), Object::Global(class), Object::Text(storage), ..] = storage.as_slice() else {
            return Err(fault());
        };
        if class != "torch FloatStorage" {
            return Err(format!("{name} has the type {class}"));
        }
        let sizes = |objects: &[Object]| {
            let size = |object: &Object| match object {
                Object::Number(number) => usize::try_from(*number).map_err(|_| fault()),
                _ => Err(fault()),
            };
            objects.iter().map(size).collect::<Result<Vec<_>, _>>()
        };
        let (shape, stride) = (sizes(shape)?, sizes(stride)?);
        let offset = usize::try_from(*offset).map_err(|_| fault())?;
        Ok(Self { name: name.clone(), storage: storage.clone(), offset, shape, stride })
    }

    /// Copies the elements out of their storage, row-major.
    fn gather(&self, storages: &HashMap<String, Vec<f32>>) -> Result<Values, String> {
        let fault = || format!("{} does not fit its storage", self.name);
        let storage = storages.get(&self.storage).ok_or_else(fault)?;
        let count = self.shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        let count = count.filter(|count| *count <= ELEMENTS_MAX).ok_or_else(fault)?;
        let element = |index: usize| {
            let mut rest = index;
            let mut place = self.offset;
            for (size, stride) in self.shape.iter().zip(&self.stride).rev() {
                place = place.checked_add((rest % size).checked_mul(*stride)?)?;
                rest /= size;
            }
            storage.get(place).copied()
        };
        let values = (0..count).map(element).collect::<Option<Vec<f32>>>().ok_or_else(fault)?;
        Ok(Values { shape: self.shape.clone(), values })
    }
}

#[cfg(test)]
mod tests;
