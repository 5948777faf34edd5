//! Bytes as the head of a request: a line with method and target, then one with each field.

use http::{HeaderName, HeaderValue, Request, request::Parts};

/// The head; none where the server in front would not have taken the first line. Fields it would not have taken are left out.
pub(crate) fn head_of(bytes: &[u8]) -> Option<Parts> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let blank = first.iter().position(|byte| *byte == b' ')?;
    let (method, target) = (&first[..blank], &first[blank + 1..]);
    let request = Request::builder().method(method).uri(target).body(()).ok()?;
    let mut parts = request.into_parts().0;
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(line[colon + 1..].trim_ascii()));
        if let (Ok(name), Ok(value)) = (name, value) {
            // More than this many fields no server takes.
            let _ = parts.headers.try_append(name, value);
        }
    }
    Some(parts)
}
