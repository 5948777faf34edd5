//! The operator's port: is it alive, is it ready, what does it count. Never behind authentication; bind it to an
//! address that only operators reach.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use futures::future::join_all;
use http::{StatusCode, header};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use prosopa_telemetry::Metrics;

use crate::Readiness;

const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// What readiness is judged by.
struct Judged {
    readiness: Vec<Readiness>,
    /// Whoever is about to end is sent nobody.
    shutdown: CancellationToken,
}

pub(crate) fn router(metrics: Metrics, readiness: Vec<Readiness>, shutdown: CancellationToken) -> Router {
    let judged = Arc::new(Judged { readiness, shutdown });
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(show_readiness).with_state(judged))
        .route("/metrics", get(show_metrics).with_state(metrics))
}

async fn show_metrics(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render())
}

async fn show_readiness(State(judged): State<Arc<Judged>>) -> impl IntoResponse {
    let answers = join_all(judged.readiness.iter().map(|readiness| async move {
        let answer = tokio::time::timeout(CHECK_TIMEOUT, (readiness.check)()).await;
        (readiness, answer.unwrap_or_else(|_| Err("no answer in time".to_owned())))
    }))
    .await;
    let is_ending = judged.shutdown.is_cancelled();
    let is_well = answers.iter().all(|(readiness, answer)| readiness.is_dispensable || answer.is_ok());
    let is_ready = is_well && !is_ending;
    let checks = answers.into_iter().map(|(readiness, answer)| {
        let text = answer.err().unwrap_or_else(|| "ok".to_owned());
        (readiness.name.to_owned(), Value::String(text))
    });
    let ending = is_ending.then(|| ("process".to_owned(), Value::from("it is ending")));
    let body = json!({ "ready": is_ready, "checks": checks.chain(ending).collect::<Map<_, _>>() });
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body))
}
