//! Extractors whose refusals are problem documents.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use prosopa_model::{Id, Kind, Principal};
use prosopa_problem::{Code, Problem};

/// Who calls, as authentication left it with the request.
pub struct Caller(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Principal>().cloned();
        principal.map(Self).ok_or_else(|| Problem::new(Code::Unauthenticated))
    }
}

/// The id in the path. A text that is no such id answers like an id that does not exist.
pub struct PathId<K>(pub Id<K>);

impl<S: Send + Sync, K: Kind> FromRequestParts<S> for PathId<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Problem::new(Code::NotFound))
    }
}

/// The query string, strictly read: unknown parameters and wrong values are refused by name.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let pointer = if path == "." { "?".to_owned() } else { format!("?{path}") };
            Problem::invalid(pointer, error.into_inner().to_string())
        })
    }
}

/// A JSON body, strictly read.
///
/// Not JSON at all: `malformed-request`; JSON of another shape: `validation-failed` with a pointer.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if content_type(request.headers()) != Some("application/json") {
            let detail = "the content type must be application/json";
            return Err(Problem::new(Code::UnsupportedMediaType).with_detail(detail));
        }
        let BodyBytes(body) = BodyBytes::from_request(request, state).await?;
        parse_json(&body).map(Self)
    }
}

/// The whole body, bounded by the operation's limit.
pub struct BodyBytes(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for BodyBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| {
            if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(Code::BodyTooLarge)
            } else {
                Problem::new(Code::MalformedRequest).with_detail("the body broke off").with_cause(rejection)
            }
        })
    }
}

/// The media type of the body without its parameters, if it is plain ASCII.
pub fn content_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = json_pointer(error.path());
        let error = error.into_inner();
        if error.is_data() {
            Problem::invalid(pointer, without_position(&error.to_string()))
        } else {
            Problem::new(Code::MalformedRequest).with_detail(format!("the body is not JSON: {error}"))
        }
    })?;
    deserializer.end().map_err(|error| {
        Problem::new(Code::MalformedRequest).with_detail(format!("the body is not JSON: {error}"))
    })?;
    Ok(value)
}

/// `serde_json` appends " at line L column C", which a pointer makes superfluous.
fn without_position(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text)
}

fn json_pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let token = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&token);
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "items")]
        _items: Vec<u8>,
    }

    fn refusal(body: &str) -> serde_json::Value {
        parse_json::<Sample>(body.as_bytes()).unwrap_err().to_json(None)
    }

    #[test]
    fn a_wrong_value_is_pointed_at() {
        let problem = refusal(r#"{"items": [1, "x"]}"#);
        assert_eq!(problem["code"], "validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], "/items/1");
        assert_eq!(problem["errors"][0]["detail"], "invalid type: string \"x\", expected u8");
    }

    #[test]
    fn an_unknown_field_is_named() {
        let problem = refusal(r#"{"items": [], "color": 1}"#);
        assert_eq!(problem["errors"][0]["pointer"], "/color");
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        for body in ["", "{", "{\"items\": [1", "{\"items\": []} trailing"] {
            assert_eq!(refusal(body)["code"], "malformed-request", "{body}");
        }
    }
}
