use std::{fs, path::Path, sync::Arc};

use http::{Method, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::json;

use prosopa_contract::verifier::VerifyError;
use prosopa_model::Credential;
use prosopa_testkit::{keep_log, take_log};

use crate::support::{App, PASSWORD};

/// What an attacker who finds the files must not find in them.
async fn leave_secrets(app: &App) -> Vec<Vec<u8>> {
    app.register("ada").await;
    let tokens = app.log_in("ada").await;
    let rotated = app.refresh(&tokens.text("refresh_token")).await;
    let key = app.create_key(&tokens.text("access_token"), json!({ "name": "k" })).await.text("key");
    app.verify(&key).await.unwrap();
    let body = json!({ "user_name": "ada", "password": PASSWORD });
    let browser = app.post("/api/v1/auth/session", body).await;
    let cookie = browser.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(['=', ';']).nth(1).unwrap().strip_prefix("psc_").unwrap().to_owned();
    app.verify_cookie(&format!("psc_{cookie}"), Some(&browser.text("csrf_token"))).await.unwrap();
    let id = app.verify(&key).await.unwrap().credential;
    let Credential::ApiKey(id) = id else { panic!("{id:?}") };
    let path = format!("/api/v1/auth/api-keys/{id}/rotate");
    let token = tokens.text("access_token");
    let rotated_key = app.call(Method::POST, &path, Some(&token), Some(json!({}))).await.text("key");
    let reported = app.post("/api/v1/auth/api-keys/leaked", json!({ "keys": [&rotated_key] })).await;
    assert_eq!(reported.json["results"][0]["status"], "revoked");
    let client = app.call(Method::POST, "/api/v1/clients", Some(&token), Some(json!({ "name": "c" }))).await;
    let signs = app.client_keys.find(&client.text("access_key")).await.unwrap().unwrap();
    assert_eq!(format!("{signs:?}").matches(&client.text("secret_key")).count(), 0);
    let signed_up = app.post("/api/v1/clients/sign-up", json!({ "name": "c" })).await;
    let part = |secret_key: String| secret_key.split('_').nth(2).unwrap().to_owned();
    let administrator = app.new_administrator.as_ref().unwrap().password.expose_secret().to_owned();
    let secret = key.split('_').nth(3).unwrap().to_owned();
    let refresh_tokens = [tokens.text("refresh_token"), rotated.text("refresh_token")];
    let [old, new] = refresh_tokens.map(|token| token.strip_prefix("psr_").unwrap().to_owned());
    let texts = [
        PASSWORD.to_owned(),
        administrator,
        secret,
        rotated_key.split('_').nth(3).unwrap().to_owned(),
        part(client.text("secret_key")),
        part(signed_up.text("secret_key")),
        old,
        new,
        cookie,
        browser.text("csrf_token"),
        tokens.text("access_token"),
        rotated.text("access_token"),
    ];
    texts.map(String::into_bytes).to_vec()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn database_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("auth.db"));
    files.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// Nothing that signs in or signs tokens can be read from the database's files, in use or closed.
#[tokio::test]
async fn the_database_files_hold_no_secret() {
    let app = App::start_on_files().await;
    let mut secrets = leave_secrets(&app).await;
    // What every Ed25519 private key in PKCS #8 contains: the algorithm and the head of the key.
    secrets.push(b"\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec());
    let in_use = database_files(app.path());
    assert!(in_use.iter().any(|(name, _)| name.ends_with("-wal")));
    let folder = app.stop().await;
    let closed = database_files(folder.path());
    assert!(closed.iter().any(|(_, bytes)| contains(bytes, b"ada@example.org")), "the right files are read");
    for (name, bytes) in in_use.iter().chain(&closed) {
        for secret in &secrets {
            assert!(!contains(bytes, secret), "{} in {name}", String::from_utf8_lossy(secret));
        }
    }
}

/// F2: passwords are kept as argon2id hashes with OWASP's parameters.
#[tokio::test]
async fn password_hashes_name_their_parameters() {
    let app = App::start_on_files().await;
    app.register("ada").await;
    let folder = app.stop().await;
    let files = database_files(folder.path());
    assert!(files.iter().any(|(_, bytes)| contains(bytes, b"$argon2id$v=19$m=19456,t=2,p=1$")));
}

/// The log, at its most talkative, holds none of them either.
#[tokio::test]
async fn the_log_holds_no_secret() {
    keep_log();
    let app = App::start().await;
    let secrets = leave_secrets(&app).await;
    let log = take_log().into_bytes();
    assert!(contains(&log, b"user registered"), "the log was kept");
    for secret in secrets {
        assert!(!contains(&log, &secret), "{}", String::from_utf8_lossy(&secret));
    }
}

/// On a database that cannot be written, what writes is unavailable, what reads works, nothing is lost.
#[tokio::test]
async fn a_read_only_database_is_said_to_be_unavailable() {
    let app = App::start_on_files().await;
    let token = app.access_token_of("ada").await;
    let clock = Arc::clone(&app.clock);
    let folder = app.stop().await;
    set_file_format(folder.path(), 3);
    let app = App::reopen(Arc::clone(&folder), Arc::clone(&clock)).await;
    let key = app.create_key(&token, json!({ "name": "k" })).await;
    for answer in [app.register("bob").await, app.log_in("ada").await, key] {
        assert_eq!((answer.status, answer.problem()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
        assert!(answer.headers.contains_key(header::RETRY_AFTER));
        assert!(!answer.json.to_string().contains("readonly"), "{}", answer.json);
    }
    assert_eq!(app.get("/api/v1/users/me", &token).await.json["user_name"], "ada");
    app.stop().await;
    set_file_format(folder.path(), 2);
    let app = App::reopen(folder, clock).await;
    assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
    assert_eq!(app.register("bob").await.status, StatusCode::CREATED);
}

/// Sets the write version in the header of the database: SQLite opens a file of a version it does not know for reading
/// only (<https://sqlite.org/fileformat.html>, section 1.3.3). The mode of the file would not stop a test run by root.
fn set_file_format(folder: &Path, version: u8) {
    let path = folder.join("auth.db");
    let mut bytes = fs::read(&path).unwrap();
    assert_eq!(&bytes[..15], b"SQLite format 3");
    bytes[18] = version;
    fs::write(&path, bytes).unwrap();
}

/// A store that fails is not taken for a credential that is wrong.
#[tokio::test]
async fn a_lost_database_makes_credentials_unverifiable() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    app.execute("DROP TABLE api_keys").await;
    app.execute("ALTER TABLE sessions RENAME TO lost").await;
    for credential in [token, key] {
        assert!(matches!(app.verify(&credential).await, Err(VerifyError::Unavailable { .. })));
    }
    let login = app
        .call(
            Method::POST,
            "/api/v1/auth/login",
            None,
            Some(json!({ "user_name": "ada", "password": PASSWORD })),
        )
        .await;
    assert_eq!((login.status, login.problem()), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
    assert!(!login.json.to_string().contains("sessions"), "{}", login.json);
}
