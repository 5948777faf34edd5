use http::StatusCode;
use prosopa_gateway::{Config, GatewayService, MIGRATIONS, OnLedgerLoss};
use prosopa_http::{Endpoints, Operation};
use prosopa_runtime::{Backend, Platform, Service, Upstream};
use prosopa_store::{Database, affected, on_db, query};

use crate::harness::{Call, Gateway, fast, user};

/// Takes the ledger's table away, or brings it back.
async fn rename_table(gateway: &Gateway, from: &str, to: &str) {
    let options = gateway.platform.database_options(GatewayService::NAME).unwrap();
    let database = Database::open(&options, MIGRATIONS).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    let rename = match (from, to) {
        ("quota_counters", "lost") => "ALTER TABLE quota_counters RENAME TO lost",
        _ => "ALTER TABLE lost RENAME TO quota_counters",
    };
    on_db!(tx, c => query(rename).execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    database.close().await;
}

/// F5: by default nothing is given away while nobody can count.
#[tokio::test]
async fn a_lost_ledger_denies_metered_requests() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    rename_table(&gateway, "quota_counters", "lost").await;
    let refused = gateway.spend("token").await;
    refused.expect_problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    let reading = gateway.send(Call::get("/api/v1/things").bearer("token")).await;
    assert_eq!(reading.status, StatusCode::OK, "what is not metered goes on");
    assert_eq!(reading.json()["quota"], serde_json::Value::Null);
    rename_table(&gateway, "lost", "quota_counters").await;
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    assert_eq!(gateway.used("token").await, (2, 2));
}

#[tokio::test]
async fn a_lost_ledger_admits_where_that_is_configured() {
    let gateway = Gateway::start(Config { on_ledger_loss: OnLedgerLoss::Allow, ..fast() }).await;
    gateway.know("token", &user());
    rename_table(&gateway, "quota_counters", "lost").await;
    let admitted = gateway.spend("token").await;
    assert_eq!(admitted.status, StatusCode::CREATED);
    assert_eq!(admitted.json()["quota"], serde_json::Value::Null);
    let metrics = gateway.platform.metrics.render();
    assert!(metrics.contains("prosopa_gateway_ledger_losses_total{outcome=\"admitted\"} 1"), "{metrics}");
}

/// A refund that meets a lost ledger is not forgotten.
#[tokio::test]
async fn refunds_wait_for_the_ledger() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let refused = tokio::spawn({
        let (router, call) = (gateway.router.clone(), Call::post("/api/v1/late-refusals").bearer("token"));
        async move { tower::ServiceExt::oneshot(router, call.request).await }
    });
    gateway.probe.arrived.notified().await;
    rename_table(&gateway, "quota_counters", "lost").await;
    gateway.probe.may_answer.notify_one();
    assert_eq!(refused.await.unwrap().unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    gateway.spend("token").await.expect_problem(503, "unavailable");
    rename_table(&gateway, "lost", "quota_counters").await;
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    assert_eq!(gateway.used("token").await, (1, 1));
}

#[tokio::test]
async fn nonsense_in_the_configuration_stops_the_start() {
    let gateway = Gateway::start(fast()).await;
    let mut config = Config::default();
    config.plan.requests_per_day = 0;
    let error = GatewayService::build(config, &gateway.platform).await.err().unwrap();
    assert_eq!(error.to_string(), "gateway: plan.requests_per_day must be 1 to 4294967295");
}

fn with_upstream(platform: &Platform, service: &'static str, operation: Operation) -> Platform {
    let operations = Endpoints::<()>::new().add(operation, async || "").into_operations();
    let mut platform = platform.clone();
    let backend = Backend::Mounted(axum::Router::new());
    platform.metrics = prosopa_telemetry::Metrics::new();
    platform.peers.upstreams.push(Upstream { service, description: "", operations, backend });
    platform
}

/// Mistakes in the operation tables stop the start, not a request.
#[tokio::test]
async fn tables_that_contradict_each_other_stop_the_start() {
    let gateway = Gateway::start(fast()).await;
    for (operation, message) in [
        (Operation::get("other", "/api/v1/things"), "GET /api/v1/things is declared twice"),
        (Operation::get("other", "/api/v1/things/{name}"), "/api/v1/things/{name} cannot be routed"),
        (Operation::get("other", "/api/docs"), "GET /api/docs is declared twice"),
        (Operation::post("other", "/api/v1/others").metered(1), "/api/v1/others is metered and public"),
    ] {
        let platform = with_upstream(&gateway.platform, "others", operation);
        let error = GatewayService::build(fast(), &platform).await.err().unwrap();
        assert_eq!(error.to_string(), message);
    }
}
