use std::fs;

use http::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;

use prosopa_auth::{Config, ResetError, reset_password};
use prosopa_contract::verifier::VerifyError;
use prosopa_model::Role;

use crate::support::{Answer, App};

async fn log_in(app: &App, user_name: &str, password: &str) -> Answer {
    app.post("/api/v1/auth/login", json!({ "user_name": user_name, "password": password })).await
}

/// R5: the first start makes the administrator, with a password that is nowhere but in its file.
#[tokio::test]
async fn the_first_start_makes_the_administrator() {
    let app = App::start().await;
    let made = app.new_administrator.clone().unwrap();
    assert_eq!(made.user_name, "administrator");
    assert_eq!(made.password_file, app.path().join("administrator-password"));
    let kept = fs::read_to_string(&made.password_file).unwrap();
    let password = made.password.expose_secret();
    assert_eq!(kept.trim_end(), password);
    assert!(password.len() >= 20);
    assert!(!format!("{made:?}").contains(password));
    let tokens = log_in(&app, "administrator", password).await;
    assert_eq!(tokens.status, StatusCode::OK);
    let principal = app.verify(&tokens.text("access_token")).await.unwrap();
    assert_eq!(principal.role, Role::Administrator);
}

/// R5: nobody else may read the file.
#[cfg(unix)]
#[tokio::test]
async fn the_password_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let app = App::start().await;
    let mode = fs::metadata(app.path().join("administrator-password")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// R5: later starts make no other and change no password.
#[tokio::test]
async fn the_administrator_is_made_once() {
    let app = App::start().await;
    let password = app.new_administrator.clone().unwrap().password;
    let app = app.restart(Config::default()).await;
    assert!(app.new_administrator.is_none());
    let kept = fs::read_to_string(app.path().join("administrator-password")).unwrap();
    assert_eq!(kept.trim_end(), password.expose_secret());
    assert_eq!(log_in(&app, "administrator", password.expose_secret()).await.status, StatusCode::OK);
}

/// R5: two first starts at once make one administrator, whose password is the one in the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_first_starts_make_one_administrator() {
    let home = prosopa_testkit::TestHome::new();
    let start = || async {
        let platform = home.platform(std::sync::Arc::new(prosopa_model::SystemClock));
        let parts =
            <prosopa_auth::AuthService as prosopa_runtime::Service>::build(Config::default(), &platform)
                .await;
        parts.unwrap().offer.new_administrator
    };
    // The schema exists: the race is about the administrator.
    let platform = home.platform(std::sync::Arc::new(prosopa_model::SystemClock));
    platform.database("auth", prosopa_auth::AuthService::MIGRATIONS).await.unwrap().close().await;
    let (one, other) = futures::future::join(start(), start()).await;
    let made: Vec<_> = [one, other].into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    let kept = fs::read_to_string(&made[0].password_file).unwrap();
    assert_eq!(kept.trim_end(), made[0].password.expose_secret());
}

/// R5: a lost password is replaced offline, and nothing that was signed in stays so.
#[tokio::test]
async fn a_reset_replaces_the_password_and_ends_the_sessions() {
    let app = App::start().await;
    let old = app.new_administrator.clone().unwrap().password;
    let session = log_in(&app, "administrator", old.expose_secret()).await.text("access_token");
    let bystander = app.access_token_of("ada").await;
    let new = reset_password(&Config::default(), &app.platform, "Administrator").await.unwrap();
    let kept = fs::read_to_string(app.path().join("administrator-password")).unwrap();
    assert_eq!(kept.trim_end(), new.expose_secret());
    assert_eq!(app.verify(&session).await, Err(VerifyError::Invalid));
    assert!(app.verify(&bystander).await.is_ok());
    assert_eq!(log_in(&app, "administrator", old.expose_secret()).await.problem(), "invalid-credentials");
    assert_eq!(log_in(&app, "administrator", new.expose_secret()).await.status, StatusCode::OK);
}

/// R5: whoever took the administrator over keeps no key either; another user's keys live on.
#[tokio::test]
async fn a_reset_revokes_the_users_keys() {
    let app = App::start().await;
    let old = app.new_administrator.clone().unwrap().password;
    let session = log_in(&app, "administrator", old.expose_secret()).await.text("access_token");
    let key = app.create_key(&session, json!({ "name": "left behind" })).await.text("key");
    let bystander = app.access_token_of("ada").await;
    let other = app.create_key(&bystander, json!({ "name": "k" })).await.text("key");
    assert!(app.verify(&key).await.is_ok());
    reset_password(&Config::default(), &app.platform, "administrator").await.unwrap();
    assert_eq!(app.verify(&key).await, Err(VerifyError::Invalid));
    assert!(app.verify(&other).await.is_ok());
}

/// R5: a reset that is not committed leaves the old password valid and in the file, and no other behind.
#[tokio::test]
async fn a_reset_that_fails_changes_nothing() {
    let app = App::start().await;
    let old = app.new_administrator.clone().unwrap().password;
    // A deferred foreign key lets every statement succeed, and the commit not.
    app.execute_on(
        "CREATE TABLE bolts (id BLOB REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TABLE bolts (id UUID REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    app.execute_on(
        "CREATE TRIGGER bolted AFTER UPDATE ON users BEGIN INSERT INTO bolts (id) VALUES (x'00'); END",
        "CREATE RULE bolted AS ON UPDATE TO users DO ALSO INSERT INTO bolts (id) VALUES (gen_random_uuid())",
    )
    .await;
    let failed = reset_password(&Config::default(), &app.platform, "administrator").await;
    assert!(matches!(failed, Err(ResetError::Failed(_))), "{failed:?}");
    let kept = fs::read_to_string(app.path().join("administrator-password")).unwrap();
    assert_eq!(kept.trim_end(), old.expose_secret());
    assert!(!app.path().join("administrator-password.new").exists());
    assert_eq!(log_in(&app, "administrator", old.expose_secret()).await.status, StatusCode::OK);
}

/// R5: a reset that ends between the database and the file is completed by the next start.
#[tokio::test]
async fn the_next_start_completes_a_reset() {
    let app = App::start().await;
    let (file, beside) =
        (app.path().join("administrator-password"), app.path().join("administrator-password.new"));
    let old = fs::read(&file).unwrap();
    let new = reset_password(&Config::default(), &app.platform, "administrator").await.unwrap();
    // As it is between the commit and the move.
    fs::rename(&file, &beside).unwrap();
    fs::write(&file, old).unwrap();
    let app = app.restart(Config::default()).await;
    assert_eq!(fs::read_to_string(&file).unwrap().trim_end(), new.expose_secret());
    assert!(!beside.exists());
    assert_eq!(log_in(&app, "administrator", new.expose_secret()).await.status, StatusCode::OK);
}

/// R5: a password that was written and never committed is removed, and the file is left alone.
#[tokio::test]
async fn the_next_start_removes_a_password_that_is_not_valid() {
    let app = App::start().await;
    let (file, beside) =
        (app.path().join("administrator-password"), app.path().join("administrator-password.new"));
    let kept = fs::read(&file).unwrap();
    let mut app = app;
    for text in [&b"never-committed-password\n"[..], b"", b"\xff\xfe"] {
        fs::write(&beside, text).unwrap();
        app = app.restart(Config::default()).await;
        assert_eq!(fs::read(&file).unwrap(), kept);
        assert!(!beside.exists(), "{text:?}");
    }
}

/// R5: another user's reset leaves the administrator's file alone; an unknown user's is refused.
#[tokio::test]
async fn a_reset_concerns_the_named_user_only() {
    let app = App::start().await;
    app.register("ada").await;
    let before = fs::read(app.path().join("administrator-password")).unwrap();
    let new = reset_password(&Config::default(), &app.platform, "ada").await.unwrap();
    assert_eq!(log_in(&app, "ada", new.expose_secret()).await.status, StatusCode::OK);
    assert_eq!(fs::read(app.path().join("administrator-password")).unwrap(), before);
    let unknown = reset_password(&Config::default(), &app.platform, "nobody").await;
    assert!(matches!(unknown, Err(ResetError::UnknownUser(name)) if name == "nobody"));
}

/// R7: the administrator's name and address are taken like any other.
#[tokio::test]
async fn nobody_registers_as_the_administrator() {
    let app = App::start().await;
    for name in ["administrator", "Administrator", "ＡＤＭＩＮＩＳＴＲＡＴＯＲ"] {
        let body =
            json!({ "user_name": name, "email": "eve@example.org", "password": "correct horse battery" });
        assert_eq!(app.post("/api/v1/auth/register", body).await.problem(), "user-name-taken");
    }
}

#[test]
fn a_configuration_out_of_range_is_refused() {
    let wrong = [
        Config { argon2_memory_kib: 19_455, ..Config::default() },
        Config { argon2_iterations: 1, ..Config::default() },
        Config { access_token_seconds: 59, ..Config::default() },
        Config { clock_leeway_seconds: 6, ..Config::default() },
        Config { password_hashing_concurrency: 0, ..Config::default() },
        Config { refresh_token_seconds: 91 * 24 * 60 * 60, ..Config::default() },
        Config { administrator_email: "nobody".into(), ..Config::default() },
        Config { issuer: String::new(), ..Config::default() },
        Config { signing_key_seconds: 60, ..Config::default() },
        Config { failed_login_burst: 0, ..Config::default() },
        Config { failed_login_seconds: 0, ..Config::default() },
        Config { failed_login_network_burst: 0, ..Config::default() },
        Config { failed_login_network_seconds: 3_601, ..Config::default() },
        Config { api_keys_per_day_max: 0, ..Config::default() },
    ];
    assert!(Config::default().validate().is_ok());
    for config in wrong {
        assert!(config.validate().is_err(), "{config:?}");
    }
    assert!(serde_json::from_value::<Config>(json!({ "isuer": "x" })).is_err());
}
