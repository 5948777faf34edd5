//! `init`, and what it keeps.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::account::{tokens, user};
use crate::binary::{Home, Run, finish};
use crate::fake::{Fake, Reply};
use crate::keys::{ID as KEY, key};

const REGISTER: &str = "POST /auth/register";
const LOGIN: &str = "POST /auth/login";
const CREATE_KEY: &str = "POST /auth/api-keys";
const ARGUMENTS: [&str; 6] = ["init", "--user-name", "ada", "--email", "ada@example.org", "--password-stdin"];

/// A server that a newcomer can sign up with.
fn open_server() -> Fake {
    let fake = Fake::start();
    fake.on(REGISTER, [Reply::json(201, &user())]).on(LOGIN, [tokens()]);
    fake.on("GET /users/me", [Reply::json(200, &user())]);
    let mut made = key();
    made["key"] = "psp_live_abc_secret".into();
    fake.on(CREATE_KEY, [Reply::json(201, &made)]);
    fake.on("GET /auth/api-keys", [Reply::json(200, &json!({ "items": [key()], "next_cursor": null }))]);
    fake
}

fn init(home: &Home, fake: &Fake, more: &[&str]) -> Run {
    home.run_with_input(fake, &[&ARGUMENTS, more].concat(), b"correct horse\n")
}

fn problem(status: u16, code: &str) -> Reply {
    Reply::problem(status, code, "It is not so", json!({}))
}

/// F1, F2, F3: from nothing to a session and a key, both kept where the owner alone reads; the next commands are told.
#[test]
fn a_newcomer_is_ready_at_once() {
    let (fake, home) = (open_server(), Home::new());
    let run = init(&home, &fake, &[]).expect_code(0);
    let password = "correct horse";
    assert_eq!(
        fake.requests(REGISTER)[0].json(),
        json!({ "user_name": "ada", "email": "ada@example.org", "password": password })
    );
    assert_eq!(fake.requests(LOGIN)[0].json(), json!({ "user_name": "ada", "password": password }));
    let asked = &fake.requests(CREATE_KEY)[0];
    assert_eq!(asked.bearer(), "access-secret");
    assert_eq!(
        asked.json(),
        json!({ "name": "first-steps", "scopes": ["faces:read", "faces:write", "images:read"] })
    );
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!said.contains("secret") && !said.contains(password), "{said}");
    for part in ["ada (new)", KEY, "credentials.json", "prosopa match selfie.jpg", "prosopa keys show"] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    let mode = std::fs::metadata(home.credentials_path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let run = home.run(&fake, &["keys", "show"]).expect_code(0);
    assert_eq!(run.stdout, "psp_live_abc_secret\n");
}

/// F8: run again, it makes nothing, and says what is there.
#[test]
fn running_it_again_makes_nothing() {
    let (fake, home) = (open_server(), Home::new());
    init(&home, &fake, &[]).expect_code(0);
    let run = home.run(&fake, &["init", "-o", "json"]).expect_code(0);
    assert_eq!(
        (&run.json()["user"], &run.json()["key"]["id"], &run.json()["key"]["is_new"]),
        (&json!("signed_in_before"), &json!(KEY), &json!(false))
    );
    assert_eq!((fake.requests(REGISTER).len(), fake.requests(CREATE_KEY).len()), (1, 1));
    fake.on("GET /auth/api-keys", [Reply::json(200, &json!({ "items": [], "next_cursor": null }))]);
    home.run(&fake, &["init"]).expect_code(0);
    assert_eq!(fake.requests(CREATE_KEY).len(), 2, "a key that was revoked is replaced");
}

/// F2: who has signed up before is signed in, by the name or the address that is taken.
#[test]
fn who_has_signed_up_is_signed_in() {
    for (code, expected) in [("user-name-taken", "user_name"), ("email-taken", "email")] {
        let (fake, home) = (open_server(), Home::new());
        fake.on(REGISTER, [problem(409, code)]);
        let run = init(&home, &fake, &[]).expect_code(0);
        assert!(run.stdout.contains("signed up before"), "{}", run.stdout);
        assert!(fake.requests(LOGIN)[0].json()[expected].is_string(), "{code}");
    }
    let (fake, home) = (open_server(), Home::new());
    fake.on(REGISTER, [problem(409, "user-name-taken")]).on(LOGIN, [problem(401, "invalid-credentials")]);
    let run = init(&home, &fake, &[]).expect_code(3);
    assert!(run.stderr.contains("ada is taken already"), "{}", run.stderr);
    assert!(!home.credentials_path().exists());
}

/// K4: the first match is made at once, and its outcome is the exit code.
#[test]
fn the_first_match_is_made_at_once() {
    let (fake, home) = (open_server(), Home::new());
    let bounds = json!({ "x": 1.0, "y": 2.0, "width": 30.0, "height": 36.0 });
    let face = |id: &str| json!({ "id": id, "faces_found": 1, "box": bounds });
    let made = json!({ "id": "mat_01jd0000000000000000000000", "created_at": "2026-01-02T03:04:05Z", "max_fmr": 0.02,
        "image_a": face("img_a"), "results": [{ "decision": "no_match", "score": 1.5, "distance": 0.9,
        "fmr_at_score_max": 0.5, "image_b": face("img_b") }] });
    fake.on("POST /faces/matches", [Reply::json(201, &made)]);
    let kept = "img_01jd0000000000000000000000";
    let run = init(&home, &fake, &["--match", kept, kept]).expect_code(8);
    assert!(run.stdout.contains("ada (new)") && run.stdout.contains("no match"), "{}", run.stdout);
    assert_eq!(fake.requests("POST /faces/matches")[0].bearer(), "access-secret");
}

/// F8: what is missing is named where nobody can be asked; a given token is no session.
#[test]
fn what_is_missing_is_named() {
    let (fake, home) = (open_server(), Home::new());
    let run = home.run(&fake, &["init"]).expect_code(2);
    for option in ["--user-name", "--email", "--password-stdin"] {
        assert!(run.stderr.contains(option), "{}", run.stderr);
    }
    let mut command = home.command(["init"]);
    let command = command.env("PROSOPA_SERVER", &fake.url).env("PROSOPA_TOKEN", "psp_live_x");
    let run = finish(command.spawn().unwrap()).expect_code(2);
    assert!(run.stderr.contains("PROSOPA_TOKEN"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 0);
}

/// F2, F3: a logout forgets the key too, and says that it works on.
#[test]
fn logout_forgets_the_key() {
    let (fake, home) = (open_server(), Home::new());
    fake.on("POST /auth/logout", [Reply::empty()]);
    init(&home, &fake, &[]).expect_code(0);
    let run = home.run(&fake, &["logout"]).expect_code(0);
    assert!(run.stderr.contains(&format!("prosopa keys revoke {KEY}")), "{}", run.stderr);
    assert_eq!(home.login(&fake), Value::Null);
    let run = home.run(&fake, &["keys", "show"]).expect_code(1);
    assert!(run.stderr.contains("prosopa init"), "{}", run.stderr);
}
