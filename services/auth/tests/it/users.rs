mod administration;
mod listing;
mod own;

use http::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::json;

use prosopa_contract::events::Event;
use prosopa_http::{Section, assemble};
use prosopa_model::{LimitMode, Meter, Principal, QuotaSnapshot, RateLimit, WindowUse};
use prosopa_runtime::Service;

use crate::support::{Answer, App};

const ME: &str = "/api/v1/users/me";
const USERS: &str = "/api/v1/users";

fn path_of(id: &str) -> String {
    format!("{USERS}/{id}")
}

/// The administrator of a new installation, signed in, and the password.
async fn administrator(app: &App) -> (String, Principal) {
    let password = app.new_administrator.as_ref().unwrap().password.expose_secret().to_owned();
    let login = json!({ "user_name": "administrator", "password": password });
    let token = app.post("/api/v1/auth/login", login).await.text("access_token");
    (password, app.verify(&token).await.unwrap())
}

async fn delete_me(app: &App, caller: &Principal, password: &str) -> Answer {
    app.call_as(Method::DELETE, ME, Some(caller.clone()), Some(json!({ "password": password }))).await
}

/// What is kept of an event.
fn event_bytes(event: &impl Event) -> Vec<u8> {
    event.encode_to_vec()
}

/// F1: the user sees the quota and its use.
#[tokio::test]
async fn the_caller_sees_user_and_quota() {
    let app = App::start().await;
    let registered = app.register("ada").await;
    let token = app.log_in("ada").await.text("access_token");
    assert_eq!(app.get(ME, &token).await.json, registered.json, "no quota where nothing is counted");
    let quota = QuotaSnapshot {
        plan: "default".into(),
        windows: vec![WindowUse {
            name: "day".into(),
            meter: Meter::Requests,
            mode: LimitMode::Enforce,
            limit: 100,
            used: 3,
            resets_at: "2026-01-03T00:00:00Z".parse().unwrap(),
        }],
        rate: RateLimit { requests_per_second: 10, burst: 20 },
    };
    let principal = Principal { quota: Some(quota), ..app.verify(&token).await.unwrap() };
    let me = app.call_as(Method::GET, ME, Some(principal), None).await;
    assert_eq!(me.status, StatusCode::OK);
    let expected = json!({
        "plan": "default",
        "windows": [{ "name": "day", "meter": "requests", "limit": 100, "used": 3, "remaining": 97, "resets_at": "2026-01-03T00:00:00.000000Z" }],
        "rate": { "requests_per_second": 10, "burst": 20 },
    });
    assert_eq!(me.json["quota"], expected);
    assert_eq!(me.json["user_name"], "ada");
}

#[tokio::test]
async fn nobody_is_shown_to_nobody() {
    let app = App::start().await;
    assert_eq!(app.call(Method::GET, ME, None, None).await.problem(), "unauthenticated");
}

/// F13: the operations make a document in which everything is described.
#[test]
fn the_document_describes_every_field() {
    let operations = prosopa_auth::AuthService::operations();
    let section = Section { service: "auth", description: "", operations: &operations };
    let document = assemble("t", "1", &[section]).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert!(paths.len() >= 30, "{paths:?}");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(name, _)| *name != "Problem") {
        let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        for (field, schema) in parts.iter().filter_map(|part| part["properties"].as_object()).flatten() {
            let is_described =
                schema.to_string().contains("\"description\":") || schema.get("$ref").is_some();
            assert!(is_described, "{name}.{field}: {schema}");
        }
    }
}
