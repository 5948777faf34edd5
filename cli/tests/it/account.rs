//! `register`, `login`, `logout`, `whoami`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::binary::{Home, finish};
use crate::fake::{Fake, Reply};

pub(crate) fn user() -> Value {
    json!({ "id": "usr_1", "account_id": "acc_1", "user_name": "ada", "email": "ada@example.org", "role": "user",
        "status": "active", "created_at": "2026-01-02T03:04:05.000006Z" })
}

pub(crate) fn tokens() -> Reply {
    Reply::json(
        200,
        &json!({ "access_token": "access-secret", "refresh_token": "refresh-secret", "token_type": "Bearer",
        "expires_in": 900, "refresh_expires_in": 1_000_000 }),
    )
}

/// F1: a user is made from options and a password on stdin, and the next command is told.
#[test]
fn user_is_registered_with_a_password_from_stdin() {
    let (fake, home) = (Fake::start(), Home::new());
    fake.on("POST /auth/register", [Reply::json(201, &user())]);
    let arguments = [
        "register",
        "--user-name",
        "ada",
        "--email",
        "ada@example.org",
        "--password-stdin",
        "--api-request-quota",
        "50",
    ];
    let run = home.run_with_input(&fake, &arguments, b"correct horse battery\nsecond line").expect_code(0);
    let request = &fake.requests("POST /auth/register")[0];
    assert_eq!(
        request.json(),
        json!({ "user_name": "ada", "email": "ada@example.org", "password": "correct horse battery",
            "api_request_quota": 50 })
    );
    assert_eq!(request.bearer(), "");
    assert!(run.stdout.contains("usr_1") && run.stdout.contains("2026-01-02 03:04:05 UTC"), "{}", run.stdout);
    assert!(run.stderr.contains("prosopa login --user-name ada"), "{}", run.stderr);
}

/// F1: the server's objections are shown field by field, with the request's id, and never the password.
#[test]
fn refused_registration_names_the_fields() {
    let (fake, home) = (Fake::start(), Home::new());
    let errors = json!({ "errors": [{ "pointer": "/password", "detail": "needs 12 characters" }] });
    let title = "Some values are not acceptable";
    fake.on("POST /auth/register", [Reply::problem(422, "validation-failed", title, errors)]);
    let run = home
        .command(["register", "--user-name", "ada", "--email", "a@b.org"])
        .env("PROSOPA_SERVER", &fake.url)
        .env("PROSOPA_PASSWORD", "hunter2")
        .spawn();
    let run = finish(run.unwrap()).expect_code(4);
    for part in [title, "/password: needs 12 characters", "validation-failed (status 422), request req-1"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("hunter2") && run.stdout.is_empty());
}

/// F8: without a terminal a missing value is a usage error that names its option, and nothing is sent.
#[test]
fn missing_values_are_named_when_nobody_can_be_asked() {
    let (fake, home) = (Fake::start(), Home::new());
    let run = home.run(&fake, &["register", "--no-input"]).expect_code(2);
    for option in ["--user-name", "--email", "--password-stdin", "PROSOPA_PASSWORD"] {
        assert!(run.stderr.contains(option), "{}", run.stderr);
    }
    let run = home.run(&fake, &["login", "--user-name", "ada"]).expect_code(2);
    assert!(run.stderr.contains("--password-stdin") && !run.stderr.contains("--user-name"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 0);
}

/// F2: a login is kept in a file that only its owner can read, in such a folder, and is used from then on.
#[test]
fn login_is_kept_where_only_the_owner_reads() {
    let (fake, home) = (Fake::start(), Home::new());
    fake.on("POST /auth/login", [tokens()]).on("GET /users/me", [Reply::json(200, &user())]);
    let run = home
        .run_with_input(&fake, &["login", "--user-name", "ada", "--password-stdin"], b"pass\r\n")
        .expect_code(0);
    assert_eq!(
        fake.requests("POST /auth/login")[0].json(),
        json!({ "user_name": "ada", "password": "pass" })
    );
    let path = home.credentials_path();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let everything = format!("{}{}", run.stdout, run.stderr);
    assert!(!everything.contains("secret") && !everything.contains("pass\r"), "{everything}");
    home.run(&fake, &["whoami"]).expect_code(0);
    assert_eq!(fake.requests("GET /users/me")[0].bearer(), "access-secret");
}

/// F2: one may sign in with an e-mail address.
#[test]
fn login_takes_an_email_address() {
    let (fake, home) = (Fake::start(), Home::new());
    fake.on("POST /auth/login", [tokens()]);
    let arguments = ["login", "--user-name", "ada@example.org", "--password-stdin", "-o", "json"];
    let run = home.run_with_input(&fake, &arguments, b"pass").expect_code(0);
    assert_eq!(
        fake.requests("POST /auth/login")[0].json(),
        json!({ "email": "ada@example.org", "password": "pass" })
    );
    assert_eq!(run.json()["user_name"], "ada@example.org");
    assert!(!run.stdout.contains("secret"), "{}", run.stdout);
}

/// F2: a wrong password ends with the code for refused credentials and leaves no login.
#[test]
fn wrong_password_ends_with_3() {
    let (fake, home) = (Fake::start(), Home::new());
    fake.on(
        "POST /auth/login",
        [Reply::problem(401, "invalid-credentials", "User name or password is wrong", json!({}))],
    );
    let arguments = ["login", "--user-name", "ada", "--password-stdin"];
    let run = home.run_with_input(&fake, &arguments, b"pass").expect_code(3);
    assert!(run.stderr.contains("User name or password is wrong"), "{}", run.stderr);
    assert!(!home.credentials_path().exists());
}

/// F2: a logout ends the session on the server and forgets it; doing it twice is harmless.
#[test]
fn logout_forgets_the_session_and_may_be_repeated() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "access-secret", "refresh-secret");
    fake.on("POST /auth/logout", [Reply::empty()]);
    home.run(&fake, &["logout"]).expect_code(0);
    assert_eq!(fake.requests("POST /auth/logout")[0].json(), json!({ "refresh_token": "refresh-secret" }));
    assert_eq!(home.login(&fake), Value::Null);
    let run = home.run(&fake, &["logout", "-o", "json"]).expect_code(0);
    assert_eq!(run.json()["was_signed_in"], false);
    assert_eq!(fake.request_count(), 1);
}

/// F2: when the server can not be told, the session is kept, unless asked to forget it here.
#[test]
fn logout_without_a_server_needs_local() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "access-secret", "refresh-secret");
    fake.on("POST /auth/logout", [Reply::problem(500, "internal", "Something went wrong here", json!({}))]);
    let run = home.run(&fake, &["logout"]).expect_code(1);
    assert!(run.stderr.contains("--local"), "{}", run.stderr);
    assert_eq!(home.login(&fake)["refresh_token"], "refresh-secret");
    home.run(&fake, &["logout", "--local"]).expect_code(0);
    assert_eq!(home.login(&fake), Value::Null);
}

/// F1: the quota and its use are shown, with the time of the reset and the rate.
#[test]
fn whoami_shows_the_quota() {
    let fake = Fake::start();
    let mut user = user();
    user["quota"] = json!({ "plan": "default", "windows": [
        { "name": "day", "limit": 100, "used": 25, "remaining": 75, "resets_at": "2099-01-01T00:00:00Z" },
        { "name": "month", "limit": 2000, "used": 2000, "remaining": 0, "resets_at": "2099-02-01T00:00:00Z" },
    ], "rate": { "requests_per_second": 10, "burst": 20 } });
    fake.on("GET /users/me", [Reply::json(200, &user)]);
    let home = Home::signed_in(&fake, "access-secret", "refresh-secret");
    let run = home.run(&fake, &["whoami"]).expect_code(0);
    let row =
        |name: &str| run.stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    assert!(row("day").contains("█████░"), "{}", row("day"));
    assert!(row("day").contains("2099-01-01 00:00:00 UTC (in "), "{}", row("day"));
    assert!(!row("month").contains('░') && row("month").contains("2000"), "{}", row("month"));
    assert!(row("Rate").contains("10 requests a second, 20 at once"), "{}", row("Rate"));
    let run = home.run(&fake, &["whoami", "-o", "json"]).expect_code(0);
    assert_eq!(run.json()["quota"]["windows"][1]["remaining"], 0);
    assert_eq!(run.json()["user_name"], "ada");
}

/// F2: who is not signed in is told how to, with exit code 3 and no request.
#[test]
fn command_without_a_session_ends_with_3() {
    let (fake, home) = (Fake::start(), Home::new());
    let run = home.run(&fake, &["whoami"]).expect_code(3);
    assert!(run.stderr.contains("prosopa login") && run.stderr.contains(&fake.url), "{}", run.stderr);
    assert_eq!(fake.request_count(), 0);
}
