//! Renewal of the session, and the file that keeps it.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::binary::{Home, finish};
use crate::fake::{Fake, Reply};
use crate::pictures::{created, jpeg};

const REFRESH: &str = "POST /auth/refresh";

fn expired() -> Reply {
    Reply::problem(401, "token-expired", "The access token has expired", json!({}))
}

fn user() -> Value {
    json!({ "id": "usr_1", "account_id": "acc_1", "user_name": "ada", "email": "a@b.org", "role": "user",
        "status": "active", "created_at": "2026-01-02T03:04:05Z", "quota": null })
}

/// A server that knows `new` only, and gives it for `refresh-1`. So many requests with `old` arrive before one is answered.
fn with_expired_token(operation: &str, together: usize, success: Reply) -> Fake {
    let fake = Fake::start();
    let barrier = Arc::new(Barrier::new(together));
    fake.handle(operation, move |request| {
        let (barrier, success) = (Arc::clone(&barrier), success.clone());
        async move {
            if request.bearer() == "new" {
                return success;
            }
            barrier.wait().await;
            expired()
        }
    });
    fake.on(
        REFRESH,
        [Reply::json(
            200,
            &json!({ "access_token": "new", "refresh_token": "refresh-2",
        "token_type": "Bearer", "expires_in": 900, "refresh_expires_in": 9_000 }),
        )],
    );
    fake
}

/// F2: an expired access token is renewed once and the request goes on; the new pair is kept.
#[test]
fn expired_token_is_renewed_and_kept() {
    let fake = with_expired_token("GET /users/me", 1, Reply::json(200, &user()));
    let home = Home::signed_in(&fake, "old", "refresh-1");
    home.run(&fake, &["whoami"]).expect_code(0);
    assert_eq!(fake.requests(REFRESH)[0].json(), json!({ "refresh_token": "refresh-1" }));
    assert_eq!(
        home.login(&fake),
        json!({ "user_name": "ada", "access_token": "new", "refresh_token": "refresh-2" })
    );
    let mode = std::fs::metadata(home.credentials_path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

/// F2: eight pictures under way that learn of it together spend the refresh token once.
#[test]
fn parallel_requests_renew_once() {
    let fake = with_expired_token("POST /faces/detections", 8, created(1, 1));
    let home = Home::signed_in(&fake, "old", "refresh-1");
    for number in 0..8 {
        home.write(&format!("p/{number}.jpg"), jpeg(9, 9));
    }
    home.run(&fake, &["detect", "p", "-j", "8"]).expect_code(0);
    assert_eq!(fake.requests(REFRESH).len(), 1);
    assert_eq!(fake.requests("POST /faces/detections").len(), 16);
}

/// F2: four processes that learn of it together spend the refresh token once.
#[test]
fn processes_renew_once() {
    let fake = with_expired_token("GET /users/me", 4, Reply::json(200, &user()));
    let home = Home::signed_in(&fake, "old", "refresh-1");
    let children: Vec<_> =
        (0..4).map(|_| home.command(["whoami"]).env("PROSOPA_SERVER", &fake.url).spawn().unwrap()).collect();
    for child in children {
        finish(child).expect_code(0);
    }
    assert_eq!(fake.requests(REFRESH).len(), 1);
    assert_eq!(home.login(&fake)["refresh_token"], "refresh-2");
}

/// F2: a token that is still refused after a renewal is not renewed again.
#[test]
fn renewal_is_tried_once() {
    let fake = with_expired_token("GET /users/me", 1, expired());
    let run = Home::signed_in(&fake, "old", "refresh-1").run(&fake, &["whoami"]).expect_code(3);
    assert_eq!((fake.requests(REFRESH).len(), fake.requests("GET /users/me").len()), (1, 2));
    assert!(run.stderr.contains("The access token has expired"), "{}", run.stderr);
}

/// F2: a session that the server has ended asks for a login, with exit code 3.
#[test]
fn ended_session_asks_for_a_login() {
    let fake = with_expired_token("GET /users/me", 1, Reply::json(200, &user()));
    fake.on(REFRESH, [Reply::problem(401, "unauthenticated", "Valid credentials are needed", json!({}))]);
    let run = Home::signed_in(&fake, "old", "refresh-1").run(&fake, &["whoami"]).expect_code(3);
    assert!(run.stderr.contains("has ended") && run.stderr.contains("prosopa login"), "{}", run.stderr);
    assert!(!run.stderr.contains("refresh-1"), "{}", run.stderr);
}

/// F3: a token that was given is never renewed with somebody's stored session.
#[test]
fn given_token_is_not_renewed() {
    let fake = with_expired_token("GET /users/me", 1, Reply::json(200, &user()));
    let home = Home::signed_in(&fake, "old", "refresh-1");
    home.run(&fake, &["whoami", "--token", "given"]).expect_code(3);
    assert_eq!(fake.requests(REFRESH).len(), 0);
}

/// F2: a file of logins that others can read is refused, with how to mend it; a given token does not need it.
#[test]
fn file_that_others_can_read_is_refused() {
    let fake = Fake::start();
    fake.on("GET /users/me", [Reply::json(200, &user())]);
    let home = Home::signed_in(&fake, "a", "r");
    let set_mode = |mode| {
        std::fs::set_permissions(home.credentials_path(), std::fs::Permissions::from_mode(mode)).unwrap()
    };
    set_mode(0o640);
    let run = home.run(&fake, &["whoami"]).expect_code(1);
    assert!(run.stderr.contains("chmod 600") && run.stderr.contains("0640"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 0);
    home.run(&fake, &["whoami", "--token", "t"]).expect_code(0);
    set_mode(0o600);
    home.run(&fake, &["whoami"]).expect_code(0);
}

/// F8: the file's place can be chosen.
#[test]
fn place_of_the_file_can_be_chosen() {
    let (fake, home) = (Fake::start(), Home::new());
    fake.on("POST /auth/login", [Reply::json(200, &json!({ "access_token": "a", "refresh_token": "r" }))]);
    for (variable, value, path) in [
        ("PROSOPA_CREDENTIALS", home.path().join("x/mine.json"), home.path().join("x/mine.json")),
        ("XDG_CONFIG_HOME", home.path().join("xdg"), home.path().join("xdg/prosopa/credentials.json")),
    ] {
        let mut command = home.command(["login", "--user-name", "ada"]);
        command.env("PROSOPA_SERVER", &fake.url).env("PROSOPA_PASSWORD", "p").env(variable, value);
        finish(command.spawn().unwrap()).expect_code(0);
        assert!(path.is_file(), "{}", path.display());
    }
    assert!(!home.credentials_path().exists());
}

/// F8: a broken file is told and left as it is.
#[test]
fn broken_file_is_left_as_it_is() {
    let (fake, home) = (Fake::start(), Home::new());
    home.write_credentials("{\"version\": 1, \"servers\": {\"x\": \"token-in-a-broken-file\"}}");
    let run =
        home.run_with_input(&fake, &["login", "--user-name", "ada", "--password-stdin"], b"p").expect_code(1);
    assert!(run.stderr.contains("prosopa login") && !run.stderr.contains("token-in"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 0);
    assert!(std::fs::read_to_string(home.credentials_path()).unwrap().contains("token-in-a-broken-file"));
}
