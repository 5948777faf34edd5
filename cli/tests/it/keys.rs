//! `keys create|list|rotate|revoke`.

use serde_json::{Value, json};

use crate::binary::Home;
use crate::fake::{Fake, Reply};

pub(crate) const ID: &str = "key_00000000000000000000000001";

pub(crate) fn key() -> Value {
    json!({ "id": ID, "name": "nightly", "scopes": ["faces:read"], "prefix": "psp_live_abc",
        "created_at": "2026-01-02T03:04:05Z", "expires_at": null, "last_used_at": null })
}

/// F3: the key alone goes to stdout, so that a script can keep it; the warning goes to stderr.
#[test]
fn new_key_is_all_of_stdout() {
    let fake = Fake::start();
    let mut answer = key();
    answer["key"] = "psp_live_abc_secret".into();
    fake.on("POST /auth/api-keys", [Reply::json(201, &answer)]);
    let home = Home::signed_in(&fake, "a", "r");
    let arguments = [
        "keys",
        "create",
        "nightly",
        "--scope",
        "faces:read,images:read",
        "--expires-at",
        "2099-01-01T00:00:00Z",
    ];
    let run = home.run(&fake, &arguments).expect_code(0);
    assert_eq!(run.stdout, "psp_live_abc_secret\n");
    assert!(run.stderr.contains("only time") && !run.stderr.contains("_secret"), "{}", run.stderr);
    assert_eq!(
        fake.requests("POST /auth/api-keys")[0].json(),
        json!({ "name": "nightly", "scopes": ["faces:read", "images:read"], "expires_at": "2099-01-01T00:00:00Z" })
    );
    let run = home.run(&fake, &["keys", "create", "nightly", "-o", "json", "--quiet"]).expect_code(0);
    assert_eq!(run.json()["key"], "psp_live_abc_secret");
    assert_eq!(run.stderr, "");
    assert_eq!(fake.requests("POST /auth/api-keys")[1].json(), json!({ "name": "nightly" }));
}

/// F3: all pages of the list are shown, as rows and as lines of JSON.
#[test]
fn keys_of_all_pages_are_listed() {
    let fake = Fake::start();
    fake.handle("GET /auth/api-keys", |request| async move {
        let cursor =
            if request.query.contains("cursor=next%2Fone") { Value::Null } else { "next/one".into() };
        Reply::json(200, &json!({ "items": [key()], "next_cursor": cursor }))
    });
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["keys", "list"]).expect_code(0);
    assert_eq!(run.stdout.lines().filter(|line| line.contains(ID)).count(), 2, "{}", run.stdout);
    assert!(run.stdout.contains("never"), "{}", run.stdout);
    let run = home.run(&fake, &["keys", "list", "-o", "ndjson"]).expect_code(0);
    assert_eq!(run.ndjson(), [key(), key()]);
}

/// F3: after a rotation the new text alone goes to stdout; how long the old one works goes to stderr.
#[test]
fn rotated_key_is_all_of_stdout() {
    let fake = Fake::start();
    let operation = format!("POST /auth/api-keys/{ID}/rotate");
    let mut answer = key();
    answer["key"] = "psp_live_abc_next".into();
    answer["secrets"] = json!([
        { "created_at": "2026-01-02T03:04:05Z", "ends_at": null },
        { "created_at": "2026-01-01T03:04:05Z", "ends_at": "2026-01-02T04:04:05Z" },
    ]);
    let mut ended = answer.clone();
    ended["secrets"].as_array_mut().unwrap().pop();
    fake.on(&operation, [Reply::json(200, &answer), Reply::json(200, &ended)]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["keys", "rotate", ID]).expect_code(0);
    assert_eq!(run.stdout, "psp_live_abc_next\n");
    assert!(
        run.stderr.contains("2026-01-02 04:04:05 UTC") && !run.stderr.contains("_next"),
        "{}",
        run.stderr
    );
    let run = home.run(&fake, &["keys", "rotate", ID, "--grace", "0", "-o", "json"]).expect_code(0);
    assert_eq!(run.json(), ended);
    assert!(run.stderr.contains("works no more"), "{}", run.stderr);
    let requests = fake.requests(&operation);
    assert_eq!((requests[0].json(), requests[1].json()), (json!({}), json!({ "grace_seconds": 0 })));
    home.run(&fake, &["keys", "rotate", ID, "--grace", "604801"]).expect_code(2);
    home.run(&fake, &["keys", "rotate", "key_"]).expect_code(2);
    assert_eq!(fake.request_count(), 2);
}

/// F3: revoking needs a yes; without a terminal that is `--yes`, else nothing is sent.
#[test]
fn revoking_needs_a_confirmation() {
    let fake = Fake::start();
    fake.on(&format!("DELETE /auth/api-keys/{ID}"), [Reply::empty()]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run_with_input(&fake, &["keys", "revoke", ID], b"y\n").expect_code(2);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 0);
    let run = home.run(&fake, &["keys", "revoke", ID, "--yes"]).expect_code(0);
    assert_eq!(run.stdout, format!("revoked {ID}\n"));
    assert_eq!(fake.request_count(), 1);
}

/// F3: what can not be an id is a usage error: it never becomes part of an address.
#[test]
fn impossible_key_id_is_refused_locally() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "a", "r");
    for id in ["..", "key_", "det_00000000000000000000000001", "key_0000000000000000000000000/"] {
        home.run(&fake, &["keys", "revoke", "--yes", id]).expect_code(2);
    }
    assert_eq!(fake.request_count(), 0);
}
