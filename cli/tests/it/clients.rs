//! `clients create|list|rotate|revoke`.

use serde_json::{Value, json};

use crate::binary::Home;
use crate::fake::{Fake, Reply};

const ID: &str = "cli_00000000000000000000000001";

fn client() -> Value {
    json!({ "id": ID, "name": "onboarding", "scopes": ["faces:read"], "algorithm": "hmac-sha256",
        "keys": [{ "access_key": "psa_2", "created_at": "2026-01-02T03:04:05Z", "ends_at": null }],
        "created_at": "2026-01-02T03:04:05Z", "expires_at": null, "last_used_at": null, "is_active": true })
}

fn made() -> Value {
    json!({ "client": client(), "access_key": "psa_2", "secret_key": "pss_2_secret" })
}

/// K1: the keys alone go to stdout, as variables that a program can be started with; the warning goes to stderr.
#[test]
fn new_keys_are_all_of_stdout() {
    let fake = Fake::start();
    fake.on("POST /clients", [Reply::json(201, &made())]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["clients", "create", "onboarding", "--scope", "faces:read"]).expect_code(0);
    assert_eq!(run.stdout, "PROSOPA_ACCESS_KEY=psa_2\nPROSOPA_SECRET_KEY=pss_2_secret\n");
    assert!(run.stderr.contains("only time") && !run.stderr.contains("_secret"), "{}", run.stderr);
    let run = home.run(&fake, &["clients", "create", "onboarding", "-o", "json"]).expect_code(0);
    assert_eq!(run.json(), made());
    let requests = fake.requests("POST /clients");
    assert_eq!(requests[0].json(), json!({ "name": "onboarding", "scopes": ["faces:read"] }));
    assert_eq!((requests[1].json(), requests[1].bearer()), (json!({ "name": "onboarding" }), "a"));
}

/// K1: without a user, nothing of a login is sent.
#[test]
fn a_client_signs_up_without_a_login() {
    let fake = Fake::start();
    fake.on("POST /clients/sign-up", [Reply::json(201, &made())]);
    let home = Home::new();
    home.run(&fake, &["clients", "create", "onboarding", "--sign-up"]).expect_code(0);
    assert_eq!(fake.requests("POST /clients/sign-up")[0].header("authorization"), "");
    home.run(&fake, &["clients", "create", "onboarding"]).expect_code(3);
}

/// K2: a public key comes from a file; its client has no secret to be shown.
#[test]
fn a_public_key_is_read_from_a_file() {
    let fake = Fake::start();
    let mut answer = made();
    answer.as_object_mut().unwrap().remove("secret_key");
    fake.on("POST /clients", [Reply::json(201, &answer)]);
    let home = Home::signed_in(&fake, "a", "r");
    let path = home.write("key.pub.pem", "-----BEGIN PUBLIC KEY-----\n");
    let arguments = ["clients", "create", "c", "--public-key", path.to_str().unwrap()];
    let run = home.run(&fake, &arguments).expect_code(0);
    assert_eq!(run.stdout, "PROSOPA_ACCESS_KEY=psa_2\n");
    assert!(!run.stderr.contains("only time"), "{}", run.stderr);
    assert_eq!(
        fake.requests("POST /clients")[0].json(),
        json!({ "name": "c", "algorithm": "ed25519", "public_key": "-----BEGIN PUBLIC KEY-----\n" })
    );
    let run = home.run(&fake, &["clients", "create", "c", "--public-key", "/nowhere/key.pem"]).expect_code(1);
    assert!(run.stderr.contains("/nowhere/key.pem"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 1);
}

/// K1: all pages of the list are shown, as rows and as lines of JSON.
#[test]
fn clients_of_all_pages_are_listed() {
    let fake = Fake::start();
    fake.handle("GET /clients", |request| async move {
        let cursor = if request.query.contains("cursor=next") { Value::Null } else { "next".into() };
        Reply::json(200, &json!({ "items": [client()], "next_cursor": cursor }))
    });
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["clients", "list"]).expect_code(0);
    assert_eq!(run.stdout.lines().filter(|line| line.contains(ID) && line.contains("psa_2")).count(), 2);
    let run = home.run(&fake, &["clients", "list", "-o", "ndjson"]).expect_code(0);
    assert_eq!(run.ndjson(), [client(), client()]);
}

/// K1: a rotation prints the new keys and says how long the old one works.
#[test]
fn rotated_keys_are_all_of_stdout() {
    let fake = Fake::start();
    let operation = format!("POST /clients/{ID}/rotate");
    let mut answer = made();
    let old = json!({ "access_key": "psa_1", "created_at": "2026-01-01T03:04:05Z", "ends_at": "2026-01-02T04:04:05Z" });
    answer["client"]["keys"].as_array_mut().unwrap().push(old);
    fake.on(&operation, [Reply::json(200, &answer)]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["clients", "rotate", ID, "--grace", "3600"]).expect_code(0);
    assert_eq!(run.stdout, "PROSOPA_ACCESS_KEY=psa_2\nPROSOPA_SECRET_KEY=pss_2_secret\n");
    assert!(run.stderr.contains("2026-01-02 04:04:05 UTC"), "{}", run.stderr);
    assert_eq!(fake.requests(&operation)[0].json(), json!({ "grace_seconds": 3_600 }));
    home.run(&fake, &["clients", "rotate", ID, "--grace", "-1"]).expect_code(2);
    home.run(&fake, &["clients", "rotate", "key_00000000000000000000000001"]).expect_code(2);
    assert_eq!(fake.request_count(), 1);
}

/// K1: revoking needs a yes; without a terminal that is `--yes`, else nothing is sent.
#[test]
fn revoking_clients_needs_a_confirmation() {
    let fake = Fake::start();
    fake.on(&format!("DELETE /clients/{ID}"), [Reply::empty()]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run_with_input(&fake, &["clients", "revoke", ID], b"y\n").expect_code(2);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 0);
    let run = home.run(&fake, &["clients", "revoke", ID, "--yes"]).expect_code(0);
    assert_eq!(run.stdout, format!("revoked {ID}\n"));
    assert_eq!(fake.request_count(), 1);
}
