//! The schema of problem documents: what every one has, and what some codes add.

use serde_json::{Value, json};

use prosopa_problem::Code;

/// The schema of `Problem`.
pub(super) fn schema() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "description": "An error (RFC 9457). Further members depend on the code; see its page.",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "Address of the code's page" },
            "title": { "type": "string", "description": "Summary, the same for every occurrence" },
            "status": { "type": "integer", "description": "The HTTP status" },
            "code": { "type": "string", "enum": codes },
            "detail": { "type": "string", "description": "What happened this time" },
            "request_id": { "type": "string", "description": "Also in the header X-Request-Id" },
            "retry_after_ms": whole("Time until the same request may succeed, milliseconds"),
            "window": { "type": "string", "description": "quota-exceeded: name of the limit that is used up, such as `day`" },
            "meter": { "type": "string", "description": "quota-exceeded: what it counts, such as `requests`" },
            "limit": whole("quota-exceeded: how much the window allows"),
            "resets_at": {
                "type": "string", "format": "date-time", "description": "quota-exceeded: when the window ends",
            },
            "bytes_max": whole("body-too-large: bytes that are taken"),
            "width": whole("image-too-large: width of the picture, pixels"),
            "height": whole("image-too-large: height of the picture, pixels"),
            "pixels_max": whole("image-too-large: pixels that are taken"),
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "JSON pointer, or ?name for a query parameter" },
                        "detail": { "type": "string" },
                    },
                },
            },
        },
    })
}

fn whole(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}
