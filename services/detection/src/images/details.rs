//! What an upload says beside its picture, in the form it is kept: sealed for its image.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use prosopa_model::{ImageId, SubjectId};
use prosopa_vault::Vault;

use crate::{error::Error, metadata::Capture};

/// Longest metadata, bytes of JSON.
const METADATA_BYTES_MAX: usize = 4 * 1024;

/// Most keys of metadata, those of objects inside among them.
const METADATA_KEYS_MAX: usize = 20;

/// Deepest metadata: the object itself is the first level.
const METADATA_DEPTH_MAX: usize = 3;

/// What an upload says.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Details {
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) metadata: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) consent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Capture::is_empty")]
    pub(crate) capture: Capture,
}

/// Metadata is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error("must be a JSON object")]
    NoObject,
    #[error("has more than {METADATA_BYTES_MAX} bytes")]
    TooLong,
    #[error("has more than {METADATA_KEYS_MAX} keys, those of objects inside counted")]
    TooManyKeys,
    #[error("is nested deeper than {METADATA_DEPTH_MAX} levels")]
    TooDeep,
}

/// Reads the caller's metadata.
pub(crate) fn parse_metadata(text: &str) -> Result<Map<String, Value>, MetadataError> {
    if text.len() > METADATA_BYTES_MAX {
        return Err(MetadataError::TooLong);
    }
    let value = serde_json::from_str(text).map_err(|_| MetadataError::NoObject)?;
    let mut keys = 0;
    measure(&value, 1, &mut keys)?;
    match value {
        Value::Object(metadata) => Ok(metadata),
        _ => Err(MetadataError::NoObject),
    }
}

fn measure(value: &Value, depth: usize, keys: &mut usize) -> Result<(), MetadataError> {
    let children: Vec<&Value> = match value {
        Value::Object(object) => {
            *keys += object.len();
            object.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => return Ok(()),
    };
    if depth > METADATA_DEPTH_MAX {
        return Err(MetadataError::TooDeep);
    }
    if *keys > METADATA_KEYS_MAX {
        return Err(MetadataError::TooManyKeys);
    }
    children.into_iter().try_for_each(|child| measure(child, depth + 1, keys))
}

impl Details {
    pub(super) async fn seal(
        &self,
        vault: &Vault,
        subject_id: SubjectId,
        id: ImageId,
    ) -> Result<Vec<u8>, Error> {
        let json = serde_json::to_vec(self).map_err(|source| Error::Details { id, source })?;
        Ok(vault.seal(subject_id, &context(id), &json).await?)
    }

    pub(super) async fn open(
        vault: &Vault,
        subject_id: SubjectId,
        id: ImageId,
        sealed: Vec<u8>,
    ) -> Result<Self, Error> {
        let json = vault.open(subject_id, &context(id), sealed).await?;
        serde_json::from_slice(&json).map_err(|source| Error::Details { id, source })
    }
}

fn context(id: ImageId) -> String {
    format!("detection/image-details/{id}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
    }

    fn with_keys(count: usize) -> String {
        let keys: Vec<String> = (0..count).map(|key| format!(r#""{key}":{key}"#)).collect();
        format!("{{{}}}", keys.join(","))
    }

    /// K3: what is at the limit is taken, what is beyond is refused for its reason.
    #[test]
    fn metadata_is_bounded() {
        assert_eq!(parse_metadata("{}"), Ok(Map::new()));
        assert!(parse_metadata(&nested(3)).is_ok() && parse_metadata(&with_keys(20)).is_ok());
        assert_eq!(parse_metadata(&nested(4)), Err(MetadataError::TooDeep));
        assert_eq!(parse_metadata(&nested(600)), Err(MetadataError::NoObject), "deeper than JSON is read");
        assert_eq!(parse_metadata(&with_keys(21)), Err(MetadataError::TooManyKeys));
        let inside = format!(r#"{{"a":{},"b":[{}]}}"#, with_keys(10), with_keys(9));
        assert_eq!(parse_metadata(&inside), Err(MetadataError::TooManyKeys));
        let text = |len: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(len - 8));
        assert!(parse_metadata(&text(4_096)).is_ok());
        assert_eq!(parse_metadata(&text(4_097)), Err(MetadataError::TooLong));
        for other in ["", "[]", "1", "null", "{", r#"{"a":1}x"#] {
            assert_eq!(parse_metadata(other), Err(MetadataError::NoObject), "{other}");
        }
    }

    proptest! {
        /// K3: whatever is taken is within the limits, and no text brings the reader down.
        #[test]
        fn what_is_taken_is_small(text in r#"(\{|\}|\[|\]|"a":|"b":|1|,){0,40}"#) {
            if let Ok(metadata) = parse_metadata(&text) {
                prop_assert!(metadata.len() <= METADATA_KEYS_MAX);
            }
        }
    }
}
