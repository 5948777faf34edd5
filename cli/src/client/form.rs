//! Multipart forms (RFC 7578), whole in memory: a signature covers them, and they may be sent again.

use bytes::BytesMut;

use super::transport::Body;
use super::types::Picture;

/// What a field holds.
pub(super) enum Value<'a> {
    /// A text.
    Text(String),
    /// A file.
    Picture(&'a Picture),
}

impl Value<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Picture(picture) => &picture.bytes,
        }
    }
}

/// A form of these fields, in this order.
pub(super) fn form(fields: &[(&str, Value<'_>)]) -> Body {
    let boundary = boundary(fields);
    let length: usize = fields.iter().map(|(_, value)| value.bytes().len() + 256).sum();
    let mut bytes = BytesMut::with_capacity(length);
    for (name, value) in fields {
        let more = match value {
            Value::Text(_) => String::new(),
            Value::Picture(picture) => {
                format!("; filename=\"picture\"\r\nContent-Type: {}", picture.content_type)
            }
        };
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(value.bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Body { content_type: format!("multipart/form-data; boundary={boundary}").into(), bytes: bytes.freeze() }
}

/// A text that nothing in the form holds.
fn boundary(fields: &[(&str, Value<'_>)]) -> String {
    let mut number = 0_u64;
    loop {
        let boundary = format!("prosopa-{number:016}");
        let is_in = |bytes: &[u8]| bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes());
        if !fields.iter().any(|(_, value)| is_in(value.bytes())) {
            return boundary;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K3: a picture that holds what would end the form gets another boundary, the same whenever it is sent.
    #[test]
    fn a_boundary_is_in_nothing_that_is_sent() {
        let picture = |bytes: &'static [u8]| Picture { content_type: "image/png", bytes: bytes.into() };
        let plain = picture(b"a picture");
        assert_eq!(boundary(&[("image", Value::Picture(&plain))]), "prosopa-0000000000000000");
        let spiteful = picture(b"\r\n--prosopa-0000000000000000--");
        let fields = [
            ("metadata", Value::Text("prosopa-0000000000000001".to_owned())),
            ("image", Value::Picture(&spiteful)),
        ];
        assert_eq!(boundary(&fields), "prosopa-0000000000000002");
    }
}
