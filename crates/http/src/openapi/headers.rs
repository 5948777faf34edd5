//! The headers that answers declare, each described once.

use http::StatusCode;
use serde_json::{Map, Value, json};

const X_REQUEST_ID: &str = "X-Request-Id";
const RATE_LIMIT: &str = "RateLimit";
const RATE_LIMIT_POLICY: &str = "RateLimit-Policy";
const RETRY_AFTER: &str = "Retry-After";
const WWW_AUTHENTICATE: &str = "WWW-Authenticate";
const LOCATION: &str = "Location";

/// What all answers may carry.
const COMMON: [&str; 3] = [X_REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY];

/// The members of `components.headers`.
pub(super) fn definitions() -> Value {
    json!({
        (X_REQUEST_ID): text("Id of the request, to be named when asking for help"),
        (RATE_LIMIT): text("What is left of each limit and when it is whole again, for example `\"day\";r=99;t=43200`; \
            absent where no limit was looked at"),
        (RATE_LIMIT_POLICY): text("The limits that apply, for example `\"day\";q=100;w=86400`; absent where none was \
            looked at"),
        (RETRY_AFTER): {
            "description": "Seconds until the same request may succeed, rounded up; absent where nobody knows",
            "schema": { "type": "integer", "minimum": 1 },
        },
        (WWW_AUTHENTICATE): text("The scheme that credentials are taken in: `Bearer`"),
        (LOCATION): {
            "description": "Address of what was created",
            "schema": { "type": "string", "format": "uri-reference" },
        },
    })
}

/// References for the answer of success.
pub(super) fn of_success(status: StatusCode, has_location: bool) -> Value {
    references(
        (matches!(status, StatusCode::CREATED | StatusCode::ACCEPTED) && has_location).then_some(LOCATION),
    )
}

/// References for problems of this status.
pub(super) fn of_problem(status: u16) -> Value {
    references(match status {
        401 => Some(WWW_AUTHENTICATE),
        429 | 503 => Some(RETRY_AFTER),
        _ => None,
    })
}

fn references(special: Option<&str>) -> Value {
    let names = COMMON.into_iter().chain(special);
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    names.map(|name| (name.to_owned(), reference(name))).collect::<Map<String, Value>>().into()
}

fn text(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}
