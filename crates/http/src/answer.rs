//! What every answer gets, whoever made it: a request id, and problem documents that name it.

use std::{any::Any, panic::AssertUnwindSafe};

use axum::{extract::Request, middleware::Next, response::Response};
use futures::FutureExt;
use http::{HeaderName, HeaderValue};

use prosopa_model::RequestId;
use prosopa_problem::{Code, Problem};

/// Header that carries the request id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request in hand, among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct CurrentRequestId(pub RequestId);

/// The outermost layer: makes the request id, turns panics into problems, renders problems with the id and logs
/// their causes once.
///
/// An id that a header carries is not believed. One among the extensions is kept: somebody here has put it there.
pub async fn finish_answers(mut request: Request, next: Next) -> Response {
    let known = request.extensions().get::<CurrentRequestId>().map(|id| id.0);
    let id = known.unwrap_or_else(RequestId::new);
    request.extensions_mut().insert(CurrentRequestId(id));
    let id = id.to_string();
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|panic| {
        let message = panic_message(panic.as_ref());
        axum::response::IntoResponse::into_response(Problem::internal(format!("panicked: {message}")))
    });
    if let Some(problem) = response.extensions().get::<Problem>().cloned() {
        log(&problem, &id);
        let bare = problem.to_response(Some(&id));
        let (parts, body) = bare.into_parts();
        // Headers that layers in between added (rate limits, allow) stay.
        for (name, value) in &parts.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response.headers_mut().remove(http::header::CONTENT_LENGTH);
        *response.body_mut() = body;
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

fn log(problem: &Problem, request_id: &str) {
    let code = problem.code().as_str();
    let cause = problem.cause().map(describe).unwrap_or_default();
    if problem.code() == Code::Internal {
        tracing::error!(request_id, code, cause, "request failed");
    } else if problem.code().status().is_server_error() {
        tracing::warn!(request_id, code, cause, "request failed");
    } else {
        tracing::debug!(request_id, code, cause, "request refused");
    }
}

/// The error with everything that lies behind it, on one line.
fn describe(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
