//! Which bodies are put into the request log: none, unless it is switched on; then JSON alone, whole and small, of some
//! requests of some accounts, and never of operations whose content may be secret.

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt;

use prosopa_model::{AccountId, Principal, RequestId};
use prosopa_problem::Problem;

use super::privacy::redacted_json;
use crate::{
    config::{LoggedBodies, RequestLog},
    routes::Route,
};

/// See the module.
pub(crate) struct Sampling {
    per_thousand: u64,
    bytes_max: usize,
    accounts: Vec<AccountId>,
}

/// A request whose bodies are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Longest body, bytes.
    pub(crate) bytes_max: usize,
}

impl Sampling {
    pub(crate) fn new(config: &RequestLog) -> Self {
        let per_thousand = match config.bodies {
            LoggedBodies::Off => 0,
            LoggedBodies::Json => config.bodies_per_thousand,
        };
        Self {
            per_thousand: per_thousand.into(),
            bytes_max: config.body_bytes_max,
            accounts: config.accounts.clone(),
        }
    }

    /// Whether the bodies of a request are kept; the random part of its id draws the lot.
    pub(crate) fn draw(&self, route: &Route, principal: &Principal, id: Option<RequestId>) -> Option<Sample> {
        if self.per_thousand == 0 || route.has_secret_content {
            return None;
        }
        let is_meant = self.accounts.is_empty() || self.accounts.contains(&principal.account_id);
        let (_, lot) = id?.uuid().as_u64_pair();
        (is_meant && lot % 1_000 < self.per_thousand).then_some(Sample { bytes_max: self.bytes_max })
    }
}

impl Sample {
    /// Whether the body of a request could be kept.
    pub(crate) fn takes(self, request: &Request) -> bool {
        is_json(request.headers())
    }

    /// What is kept of an answer, which stays as it is: that of a body that lies in memory anyway.
    pub(crate) async fn read_answer(self, response: &mut Response, id: Option<RequestId>) -> String {
        if let Some(problem) = response.extensions().get::<Problem>() {
            // Its document is made at the very end.
            let id = id.map(|id| id.to_string());
            let document = problem.to_response(id.as_deref()).into_body().collect().await;
            return document.ok().and_then(|body| redacted_json(&body.to_bytes())).unwrap_or_default();
        }
        let is_small =
            response.body().size_hint().exact().is_some_and(|bytes| bytes <= self.bytes_max as u64);
        if !is_small || !is_json(response.headers()) {
            return String::new();
        }
        match std::mem::take(response.body_mut()).collect().await {
            Ok(body) => {
                let bytes = body.to_bytes();
                let kept = redacted_json(&bytes).unwrap_or_default();
                *response.body_mut() = Body::from(bytes);
                kept
            }
            Err(error) => {
                // The client is to see that it was cut off.
                *response.body_mut() =
                    Body::from_stream(futures::stream::iter([Err::<bytes::Bytes, _>(error)]));
                String::new()
            }
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = text.split(';').next().unwrap_or("").trim();
    let is_known = ["application/json", "application/problem+json"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known));
    is_known && !headers.contains_key(header::CONTENT_ENCODING)
}
