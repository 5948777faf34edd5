//! What of a request must stay out of the request log, told by names.

use serde_json::Value;

/// A name with one of these in it, whatever stands around, belongs to a secret or to a measure of a face.
const PARTS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
    "authorization",
    "cookie",
    "signature",
    "embedding",
    "landmark",
    "descriptor",
    "base64",
];

/// A name with one of these words belongs to a secret, a picture, or to what tells who somebody is.
const WORDS: [&str; 32] = [
    "key",
    "keys",
    "pwd",
    "jwt",
    "session",
    "code",
    "nonce",
    "state",
    "otp",
    "pin",
    "image",
    "images",
    "picture",
    "pictures",
    "photo",
    "content",
    "data",
    "text",
    "mrz",
    "q",
    "query",
    "email",
    "mail",
    "phone",
    "name",
    "names",
    "surname",
    "address",
    "birth",
    "number",
    "nationality",
    "sex",
];

/// Longest text that is kept, bytes: what is longer is some content.
const TEXT_LEN_MAX: usize = 256;

/// Longest JSON that is kept, bytes: two of them fit into one record. Numbers may become longer as they are written anew.
const JSON_LEN_MAX: usize = 20 * 1024;

/// What stands for what is not kept.
const BLANK: &str = "…";

/// Whether what has this name is not kept. Ids are: they tell nothing to who may not look them up.
pub(crate) fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if PARTS.iter().any(|part| bare.contains(part)) {
        return true;
    }
    let mut words =
        name.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let is_id = words.clone().next_back().is_some_and(|word| matches!(word, "id" | "ids"));
    !is_id && words.any(|word| WORDS.contains(&word))
}

/// A JSON text without what is not kept; none if it is not JSON, or becomes too long.
pub(crate) fn redacted_json(bytes: &[u8]) -> Option<String> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    redact(&mut value);
    Some(value.to_string()).filter(|text| text.len() <= JSON_LEN_MAX)
}

/// The depth is bounded by the reader of JSON.
fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_private(name) {
                    *member = Value::from(BLANK);
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) if text.len() > TEXT_LEN_MAX => BLANK.clone_into(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_tell_what_is_private() {
        for name in [
            "password",
            "new_password",
            "newPassword",
            "Access-Token",
            "accessToken",
            "api_key",
            "apiKey",
            "client_secret",
            "secret_id",
            "embedding",
            "embeddings",
            "faceEmbedding",
            "landmarks",
            "image",
            "image_base64",
            "key",
            "email",
            "user_name",
            "birth_date",
            "document_number",
            "q",
            "mrz",
            "text",
        ] {
            assert!(is_private(name), "{name}");
        }
        for name in
            ["id", "image_id", "key_id", "limit", "score", "created_at", "width", "status", "keyword", "plan"]
        {
            assert!(!is_private(name), "{name}");
        }
    }

    /// S12, K7: whatever is nested in whatever is blanked.
    #[test]
    fn bodies_are_blanked() {
        let body = json!({
            "image_id": "img_1",
            "faces": [{ "score": 0.9, "landmarks": [[1, 2]], "more": { "embedding": [0.1], "box": [1] } }],
            "api_key": { "text": "psp" },
            "long": "x".repeat(257),
        });
        let kept = redacted_json(body.to_string().as_bytes()).unwrap();
        let expected = json!({
            "image_id": "img_1",
            "faces": [{ "score": 0.9, "landmarks": "…", "more": { "embedding": "…", "box": [1] } }],
            "api_key": "…",
            "long": "…",
        });
        assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), expected);
        assert_eq!(redacted_json(b"{\"password\": \"abc\""), None, "half a body is none");
        assert_eq!(redacted_json("[".repeat(100_000).as_bytes()), None);
        let swelling = format!("[{}1]", "1e9,".repeat(4_000));
        assert_eq!(redacted_json(swelling.as_bytes()), None, "a record has an end");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            Just(json!("SECRET")),
            any::<i64>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("(password|a|b|access_token|Embedding)", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn has_private(value: &Value) -> bool {
        match value {
            Value::Object(members) => members
                .iter()
                .any(|(name, member)| (is_private(name) && *member != BLANK) || has_private(member)),
            Value::Array(items) => items.iter().any(has_private),
            _ => false,
        }
    }

    proptest! {
        /// No private member is left, wherever it was; and doing it twice changes nothing.
        #[test]
        fn nothing_private_is_left(value in values()) {
            let once = redacted_json(value.to_string().as_bytes()).unwrap();
            prop_assert!(!has_private(&serde_json::from_str(&once).unwrap()));
            prop_assert_eq!(redacted_json(once.as_bytes()).unwrap(), once);
        }
    }
}
