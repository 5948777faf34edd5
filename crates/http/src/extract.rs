//! Extractors whose refusals are problem documents.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use prosopa_model::{Id, Kind, Principal, Role, Scope};
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

/// An administrator who calls with a credential that allows administration.
///
/// The gateway has checked it already; a service that is called past the gateway relies on this. It comes first among a
/// handler's arguments, so that others learn nothing of what exists.
pub struct Administrator(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller(principal) = Caller::from_request_parts(parts, state).await?;
        if principal.role != Role::Administrator {
            return Err(Problem::new(Code::Forbidden).with_detail("only administrators may do this"));
        }
        if !principal.scopes.has(Scope::Admin) {
            return Err(Problem::new(Code::Forbidden).with_detail("the credential lacks the scope admin"));
        }
        Ok(Self(principal))
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
        let media_type = content_type(request.headers());
        // RFC 9110 section 8.3.1: in letters of either case.
        if !media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json")) {
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

/// The media type of the body as it was declared, without parameters; none if nothing was declared.
///
/// Empty, which is no media type, for a value that is not plain ASCII or that is declared twice.
pub fn content_type(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next()?;
    let text = if values.next().is_some() { "" } else { value.to_str().unwrap_or_default() };
    text.split(';').next().map(str::trim)
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
    use axum::body::Body;
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

    async fn read_as(content_types: &[&[u8]]) -> Option<Code> {
        let mut request = Request::new(Body::from(r#"{"items": []}"#));
        for value in content_types {
            request.headers_mut().append(header::CONTENT_TYPE, http::HeaderValue::from_bytes(value).unwrap());
        }
        Json::<Sample>::from_request(request, &()).await.err().map(|problem| problem.code())
    }

    /// RFC 9110 section 8.3.1.
    #[tokio::test]
    async fn the_media_type_is_read_in_any_case() {
        let types: [&[u8]; 3] =
            [b"application/json", b"Application/JSON", b"APPLICATION/json ; Charset=\"utf-8\""];
        for content_type in types {
            assert_eq!(read_as(&[content_type]).await, None);
        }
    }

    #[tokio::test]
    async fn another_or_no_readable_media_type_is_refused() {
        let json = b"application/json".as_slice();
        let refused: [&[&[u8]]; 6] = [
            &[],
            &[b""],
            &[b"text/plain"],
            &[b"application/json5"],
            &[b"application/json\xff"],
            &[json, json],
        ];
        for content_types in refused {
            assert_eq!(read_as(content_types).await, Some(Code::UnsupportedMediaType));
        }
    }

    /// Nothing declared is another thing than something unreadable.
    #[test]
    fn an_unreadable_media_type_is_not_taken_for_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(content_type(&headers), None);
        headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_bytes(b"image/\xe9").unwrap());
        assert_eq!(content_type(&headers), Some(""));
    }
}
