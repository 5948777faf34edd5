use std::sync::Arc;

use axum::{Router, body::Bytes, extract::State, response::IntoResponse, routing::post};
use tokio::{net::TcpListener, sync::mpsc};

use prosopa_harness::{Product, photo};

/// An OTLP collector that keeps what it is sent.
async fn collect() -> (String, mpsc::Receiver<Bytes>) {
    let (sender, received) = mpsc::channel(64);
    let export = |State(sender): State<Arc<mpsc::Sender<Bytes>>>, body: Bytes| async move {
        let _ = sender.send(body).await;
        let headers = [("content-type", "application/grpc"), ("grpc-status", "0")];
        // An empty message: uncompressed, of length zero.
        (headers, vec![0_u8; 5]).into_response()
    };
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let router = Router::new().route(path, post(export)).with_state(Arc::new(sender));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

/// O6: traces leave over OTLP when an endpoint is configured, continue the caller's trace, and hold no secret.
#[tokio::test]
async fn traces_reach_the_collector_and_join_the_callers() {
    let (url, mut received) = collect().await;
    let product = Product::start_with(&[
        ("PROSOPA_TELEMETRY__OTLP_ENDPOINT", &url),
        // What is logged does not decide what is traced.
        ("PROSOPA_TELEMETRY__LOG_FILTER", "warn"),
    ])
    .await;
    let user = product.user().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = user.request(reqwest::Method::POST, "/api/v1/faces/detections");
    let request = request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = user.send(request.header("content-type", "image/png").body(photo())).await;
    assert_eq!(answer.status, 201);
    let (_, _, errors) = product.stop().await;

    let mut sent = Vec::new();
    while let Ok(batch) = received.try_recv() {
        sent.extend_from_slice(&batch);
    }
    let contains = |needle: &[u8]| sent.windows(needle.len()).any(|window| window == needle);
    assert!(contains(b"detection_create_detection"), "{errors}");
    let trace_id: Vec<u8> =
        (0..16).map(|index| u8::from_str_radix(&trace[2 * index..2 * index + 2], 16).unwrap()).collect();
    assert!(contains(&trace_id), "the caller's trace goes on");
    assert!(!contains(user.token.as_deref().unwrap().as_bytes()));
}

/// O6: each route is counted and timed under its own name.
#[tokio::test]
async fn routes_are_counted_by_name() {
    let product = Product::start().await;
    let user = product.user().await;
    user.detect(photo(), "image/png").await;
    user.get("/api/v1/nowhere").await;
    let metrics = product.ask_admin("/metrics").await;
    let line = "prosopa_gateway_requests_total{method=\"POST\",operation=\"detection_create_detection\",status=\"201\"}";
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains(&format!("{line} 1")), "{text}");
    assert!(text.contains("operation=\"unmatched\""), "{text}");
    assert!(!text.contains("nowhere"), "labels are bounded");
}

/// F2: what is logged at the most talkative level holds no password, token or key.
#[tokio::test]
async fn nothing_secret_is_logged() {
    let product = Product::start_with(&[("PROSOPA_TELEMETRY__LOG_FILTER", "trace")]).await;
    let user = product.user().await;
    let key = user.post("/api/v1/auth/api-keys", &serde_json::json!({ "name": "k" })).await.text("/key");
    user.with_token(&key).detect(photo(), "image/png").await;
    let (status, output, errors) = product.stop().await;
    assert!(status.success());
    let logged = output + &errors;
    assert!(logged.contains("auth_create_api_key"), "{logged}");
    for secret in [prosopa_harness::PASSWORD, user.token.as_deref().unwrap(), &key] {
        assert!(!logged.contains(secret), "{secret}");
    }
}
