use std::time::Duration;

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use prosopa_contract::{mailer::MailPurpose, verifier::VerifyError};

use super::KEYS;
use crate::support::{Answer, App};

async fn report(app: &App, texts: &[&str]) -> Answer {
    app.post("/api/v1/auth/api-keys/leaked", json!({ "keys": texts })).await
}

fn statuses(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
    answer.json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect()
}

/// The same text with another checksum than its own.
fn mistyped(text: &str) -> String {
    let last = if text.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &text[..text.len() - 1])
}

/// F3: who has the text of a key, and nobody else, has it revoked at once; its user is told by mail, once.
#[tokio::test]
async fn a_leaked_key_is_revoked_and_its_user_told() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let [leaked, other] = [
        app.create_key(&token, json!({ "name": "door camera" })).await,
        app.create_key(&token, json!({ "name": "other" })).await,
    ];
    let (text, other) = (leaked.text("key"), other.text("key"));
    // The right checksum over one key's id and the other's secret.
    let body = format!("{}_{}", leaked.text("prefix"), other.split('_').nth(3).unwrap());
    let mixed = format!("{body}_{:08x}", crc32fast::hash(body.as_bytes()));
    let answer = report(&app, &[&mistyped(&text), &mixed, "nonsense", ""]).await;
    assert_eq!(statuses(&answer), ["unknown"; 4]);
    assert!(app.verify(&text).await.is_ok());
    let answer = report(&app, &[&mixed, &text, &text]).await;
    assert_eq!(statuses(&answer), ["unknown", "revoked", "unknown"]);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(app.verify(&text).await, Err(VerifyError::Invalid));
    assert!(app.verify(&other).await.is_ok());
    match app.mailbox.wait_for("ada@example.org", "secret_leaked", 1).await.purpose {
        MailPurpose::SecretLeaked { id, name } => {
            assert_eq!((id, name.as_str()), (leaked.text("id"), "door camera"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(statuses(&report(&app, &[&text]).await), ["unknown"]);
    let app = app.idle().await;
    assert_eq!(app.mailbox.mails("ada@example.org", "secret_leaked").len(), 1);
}

/// F3: an old secret reveals the key for as long as it works, and no longer.
#[tokio::test]
async fn an_old_secret_counts_while_it_works() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let mut texts = Vec::new();
    for name in ["during", "after"] {
        let created = app.create_key(&token, json!({ "name": name })).await;
        let path = format!("{KEYS}/{}/rotate", created.text("id"));
        let body = Some(json!({ "grace_seconds": 60 }));
        let newest = app.call(Method::POST, &path, Some(&token), body).await.text("key");
        texts.push((created.text("key"), newest));
    }
    assert_eq!(statuses(&report(&app, &[&texts[0].0]).await), ["revoked"]);
    assert_eq!(app.verify(&texts[0].1).await, Err(VerifyError::Invalid), "the whole key ends");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(statuses(&report(&app, &[&texts[1].0]).await), ["unknown"]);
    assert!(app.verify(&texts[1].1).await.is_ok());
}

/// F3: a deactivated user's key is revoked too: it would work again after a reactivation.
#[tokio::test]
async fn a_deactivated_users_key_is_revoked() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert_eq!(statuses(&report(&app, &[&key]).await), ["revoked"]);
    app.execute("UPDATE users SET status = 'active' WHERE user_name = 'ada'").await;
    assert_eq!(app.verify(&key).await, Err(VerifyError::Invalid));
}

/// F3: what cannot be the text of a key is not looked up.
#[tokio::test]
async fn a_wrong_checksum_costs_no_look_up() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    app.execute("DROP TABLE api_keys").await;
    assert_eq!(statuses(&report(&app, &[&mistyped(&key)]).await), ["unknown"]);
    assert_eq!(report(&app, &[&key]).await.problem(), "internal");
}

/// F3: reports are bounded in size, and in number by the network they come from.
#[tokio::test]
async fn reports_are_bounded() {
    let app = App::start().await;
    for count in [0, 101] {
        assert_eq!(report(&app, &vec!["k"; count]).await.pointer(), "/keys");
    }
    assert_eq!(statuses(&report(&app, &["k"; 100]).await).len(), 100);
    let malformed = app.post("/api/v1/auth/api-keys/leaked", json!({ "keys": [1] })).await;
    assert_eq!(malformed.pointer(), "/keys/0");
    for _ in 1..10 {
        assert_eq!(report(&app, &["k"]).await.status, StatusCode::OK);
    }
    let refused = report(&app, &["k"]).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(refused.headers[header::RETRY_AFTER], "10");
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(report(&app, &["k"]).await.status, StatusCode::OK);
    let huge = app.post("/api/v1/auth/api-keys/leaked", json!({ "keys": ["k".repeat(1 << 20)] })).await;
    assert_eq!((huge.problem(), &huge.json["results"]), ("body-too-large", &Value::Null));
}
