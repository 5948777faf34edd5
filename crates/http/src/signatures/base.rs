//! The signature base (RFC 9421 section 2.5): the bytes that are signed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, request::Parts};

use super::{
    component::{Component, Kind},
    error::SignatureError,
    field::{combined, lines, parse_dictionary, serialize_value},
    params::SignatureParams,
    target,
};

/// The lines of all covered components and of the parameters, without a line feed at the end.
pub(super) fn signature_base(parts: &Parts, params: &SignatureParams) -> Result<String, SignatureError> {
    let mut base = String::new();
    for component in &params.components {
        let value = value(parts, component)?;
        base.push_str(&component.identifier);
        base.push_str(": ");
        base.push_str(&value);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(&params.serialized);
    Ok(base)
}

fn value(parts: &Parts, component: &Component) -> Result<String, SignatureError> {
    let value = match &component.kind {
        Kind::Method => Some(parts.method.as_str().to_owned()),
        Kind::Authority => target::authority(parts),
        Kind::Scheme => target::scheme(parts),
        Kind::TargetUri => target::target_uri(parts),
        Kind::RequestTarget => target::request_target(parts),
        Kind::Path => Some(target::path(parts)),
        Kind::Query => Some(target::query(parts)),
        Kind::QueryParam(name) => target::query_param(parts, name),
        Kind::Field(name) => field(parts, name, component)?,
        Kind::FieldBytes(name) => bytes(parts, name),
        Kind::FieldMember(name, key) => member(parts, name, key),
    };
    let value = value.ok_or_else(|| SignatureError::NoSingleValue(component.name()))?;
    // A path may hold other characters: the parser of URIs lets some through.
    if value.is_ascii() { Ok(value) } else { Err(SignatureError::NotAscii(component.name())) }
}

fn field(parts: &Parts, name: &HeaderName, component: &Component) -> Result<Option<String>, SignatureError> {
    let text = combined(&parts.headers, name).map(String::from_utf8).transpose();
    text.map_err(|_| SignatureError::NotAscii(component.name()))
}

/// RFC 9421 section 2.1.3.
fn bytes(parts: &Parts, name: &HeaderName) -> Option<String> {
    let lines: Vec<String> =
        lines(&parts.headers, name).map(|line| format!(":{}:", STANDARD.encode(line))).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// RFC 9421 section 2.1.2.
fn member(parts: &Parts, name: &HeaderName, key: &str) -> Option<String> {
    let members = parse_dictionary(&combined(&parts.headers, name)?)?;
    let mut named = members.iter().filter(|member| member.name.as_str() == key);
    let member = named.next()?;
    named.next().is_none().then(|| serialize_value(member))
}
