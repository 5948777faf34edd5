//! The operator's port: is it alive, is it ready, what does it count. Never behind authentication; bind it to an
//! address that only operators reach.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use futures::future::join_all;
use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use prosopa_telemetry::Metrics;

use crate::Readiness;

const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) fn router(metrics: Metrics, readiness: Vec<Readiness>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(show_readiness).with_state(Arc::new(readiness)))
        .route("/metrics", get(show_metrics).with_state(metrics))
}

async fn show_metrics(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render())
}

async fn show_readiness(State(readiness): State<Arc<Vec<Readiness>>>) -> impl IntoResponse {
    let answers = join_all(readiness.iter().map(|readiness| async move {
        let answer = tokio::time::timeout(CHECK_TIMEOUT, (readiness.check)()).await;
        (readiness, answer.unwrap_or_else(|_| Err("no answer in time".to_owned())))
    }))
    .await;
    let is_ready = answers.iter().all(|(readiness, answer)| readiness.is_dispensable || answer.is_ok());
    let checks = answers.into_iter().map(|(readiness, answer)| {
        let text = answer.err().unwrap_or_else(|| "ok".to_owned());
        (readiness.name.to_owned(), Value::String(text))
    });
    let body = json!({ "ready": is_ready, "checks": checks.collect::<Map<_, _>>() });
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body))
}
