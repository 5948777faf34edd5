//! What is read of ONNX files: what they say of themselves, and the operators of their networks.

mod graph;

#[cfg(test)]
pub(crate) use self::graph::wire;

pub(crate) use self::graph::{Constant, Graph, Node};

use prost::Message;

/// `ModelProto`, of which all but the metadata is passed over.
#[derive(Message)]
struct Model {
    #[prost(message, repeated, tag = "14")]
    metadata: Vec<Entry>,
}

/// `StringStringEntryProto`
#[derive(Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// The value of a key in the metadata of an ONNX file.
///
/// # Errors
/// The bytes are no such file, or it lacks the key.
pub(super) fn read_metadata(bytes: &[u8], key: &str) -> Result<String, String> {
    let model = Model::decode(bytes).map_err(|error| error.to_string())?;
    let entry = model.metadata.into_iter().find(|entry| entry.key == key);
    entry.map(|entry| entry.value).ok_or_else(|| format!("the metadata have no {key}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn metadata_are_found_by_their_key_behind_other_parts() {
        let entry = |key: &str, value: &str| Entry { key: key.into(), value: value.into() };
        // A version (field 1) and a graph (field 7) of two bytes.
        let mut bytes = vec![0x08, 0x08, 0x3a, 0x02, 0x0a, 0x00];
        bytes.extend(Model { metadata: vec![entry("a", "1"), entry("character", "x\ny")] }.encode_to_vec());
        assert_eq!(read_metadata(&bytes, "character").unwrap(), "x\ny");
        assert!(read_metadata(&bytes, "other").is_err());
        assert!(read_metadata(&bytes[..bytes.len() - 1], "character").is_err());
    }
}
