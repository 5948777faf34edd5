use futures::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_contract::{events::UserDeleted, verifier::VerifyError};
use prosopa_model::Principal;

use super::{ME, administrator, delete_me, event_bytes};
use crate::support::{Answer, App, PASSWORD};

async fn change(app: &App, token: &str, change: Value) -> Answer {
    app.call(Method::PATCH, ME, Some(token), Some(change)).await
}

async fn log_in_by(app: &App, body: Value) -> StatusCode {
    app.post("/api/v1/auth/login", body).await.status
}

/// R4: a user takes another name and address; the old ones are free, the session goes on.
#[tokio::test]
async fn a_user_changes_name_and_address() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let new = json!({ "user_name": "Lovelace", "email": "l@example.org", "current_password": PASSWORD });
    let changed = change(&app, &token, new).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json);
    assert_eq!(
        (changed.text("user_name"), changed.text("email")),
        ("Lovelace".into(), "l@example.org".into())
    );
    assert_eq!(app.get(ME, &token).await.json, changed.json);
    for login in [json!({ "user_name": "lovelace" }), json!({ "email": "L@example.org" })] {
        let mut login = login;
        login["password"] = PASSWORD.into();
        assert_eq!(log_in_by(&app, login).await, StatusCode::OK);
    }
    assert_eq!(app.log_in("ada").await.problem(), "invalid-credentials");
    assert_eq!(app.register("ada").await.status, StatusCode::CREATED);
}

/// R4: whoever holds a stolen token cannot have the password reset by way of another address.
#[tokio::test]
async fn another_address_needs_the_password() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let without = change(&app, &token, json!({ "email": "eve@example.org" })).await;
    assert_eq!(without.pointer(), "/current_password");
    let wrong = json!({ "email": "eve@example.org", "current_password": "wrong horse battery" });
    let wrong = change(&app, &token, wrong).await;
    assert_eq!((wrong.status, wrong.problem()), (StatusCode::UNAUTHORIZED, "invalid-credentials"));
    assert_eq!(app.get(ME, &token).await.text("email"), "ada@example.org");
}

/// R4: the password of a session's user may be guessed no more often than at login, whatever it is asked for.
#[tokio::test]
async fn guesses_with_a_session_are_counted() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let caller = app.verify(&token).await.unwrap();
    for index in 0..10 {
        let guess = format!("wrong horse battery {index}");
        let answer = if index % 2 == 0 {
            delete_me(&app, &caller, &guess).await
        } else {
            change(&app, &token, json!({ "email": "eve@example.org", "current_password": guess })).await
        };
        assert_eq!(answer.problem(), "invalid-credentials");
    }
    let refused = delete_me(&app, &caller, PASSWORD).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(app.count("SELECT count(*) FROM users WHERE user_name = 'ada'").await, 1);
}

/// R4: a change that changes nothing succeeds, without the password too.
#[tokio::test]
async fn a_change_may_change_nothing() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let before = app.get(ME, &token).await.json;
    for same in [json!({}), json!({ "user_name": "ada", "email": "ada@example.org" })] {
        let answer = change(&app, &token, same).await;
        assert_eq!((answer.status, &answer.json), (StatusCode::OK, &before));
    }
    let own_case = change(&app, &token, json!({ "user_name": "Ada" })).await;
    assert_eq!(own_case.text("user_name"), "Ada", "the own name may be written otherwise");
}

#[tokio::test]
async fn unacceptable_changes_are_pointed_at() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let refused = [
        (json!({ "user_name": "a b" }), "/user_name"),
        (json!({ "user_name": null }), "/user_name"),
        (json!({ "user_name": PASSWORD, "email": "l@example.org" }), "/user_name"),
        (json!({ "email": "nowhere", "current_password": PASSWORD }), "/email"),
        (json!({ "email": "l@example.org", "current_password": null }), "/current_password"),
        (json!({ "role": "administrator" }), "/role"),
        (json!({ "status": "active" }), "/status"),
        (json!({ "requests_per_day_max": 100_000 }), "/requests_per_day_max"),
    ];
    for (body, pointer) in refused {
        assert_eq!(change(&app, &token, body.clone()).await.pointer(), pointer, "{body}");
    }
}

/// F1: a password does not become what everybody can see.
#[tokio::test]
async fn a_new_address_must_not_be_the_password() {
    let app = App::start().await;
    let body = json!({ "user_name": "ada", "email": "ada@example.org", "password": "l@example.org" });
    assert_eq!(app.post("/api/v1/auth/register", body).await.status, StatusCode::CREATED);
    let login =
        app.post("/api/v1/auth/login", json!({ "user_name": "ada", "password": "l@example.org" })).await;
    let token = login.text("access_token");
    let new = json!({ "email": "L@example.org", "current_password": "l@example.org" });
    assert_eq!(change(&app, &token, new).await.pointer(), "/email");
}

/// R7: names that are, or look like, another user's are taken, and so are addresses.
#[tokio::test]
async fn what_others_have_is_taken() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    app.register("bob").await;
    for name in ["bob", "BOB", "b0b"] {
        let answer = change(&app, &token, json!({ "user_name": name })).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "user-name-taken"), "{name}");
    }
    let email = json!({ "email": "Bob@Example.Org", "current_password": PASSWORD });
    let answer = change(&app, &token, email).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "email-taken"));
    assert_eq!(app.get(ME, &token).await.text("user_name"), "ada");
}

/// R7: of several who take one name at once, one has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_renames_make_one_owner() {
    let app = App::start().await;
    let mut tokens = Vec::new();
    for name in ["ada", "bob", "eve", "joe"] {
        tokens.push(app.access_token_of(name).await);
    }
    let answers =
        join_all(tokens.iter().map(|token| change(&app, token, json!({ "user_name": "queen" })))).await;
    let renamed = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(renamed, 1);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
        assert_eq!(answer.problem(), "user-name-taken");
    }
}

/// R5: the first administrator may take another name; no other user is then taken for that one, and the next start makes
/// no further administrator.
#[tokio::test]
async fn a_renamed_administrator_stays_the_administrator() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    let name = |name: &str| Some(json!({ "user_name": name }));
    let renamed = app.call_as(Method::PATCH, ME, Some(administrator.clone()), name("grace")).await;
    assert_eq!(renamed.text("user_name"), "grace");
    let app = app.restart(Config::default()).await;
    assert!(app.new_administrator.is_none());
    assert_eq!(app.register("Administrator").await.problem(), "user-name-taken");
    let token = app.access_token_of("ada").await;
    for taken in ["administrator", "Administrat0r", "adrninistrator"] {
        let answer = change(&app, &token, json!({ "user_name": taken })).await;
        assert_eq!(answer.problem(), "user-name-taken", "{taken}");
    }
    let back = app.call_as(Method::PATCH, ME, Some(administrator), name("administrator")).await;
    assert_eq!(back.text("user_name"), "administrator");
}

/// R4: who is deleted is gone: sessions, keys, name and address, in every process at once.
#[tokio::test]
async fn a_deleted_user_is_gone() {
    let app = App::start().await;
    let twin = app.twin(Config::default()).await;
    let registered = app.register("ada").await;
    let tokens = app.log_in("ada").await;
    let access_token = tokens.text("access_token");
    let key = app.create_key(&access_token, json!({ "name": "k" })).await.text("key");
    let caller = app.verify(&access_token).await.unwrap();
    let wrong = delete_me(&app, &caller, "wrong horse battery").await;
    assert_eq!((wrong.status, wrong.problem()), (StatusCode::UNAUTHORIZED, "invalid-credentials"));
    assert!(twin.verify(&key).await.is_ok());
    let deleted = delete_me(&app, &caller, PASSWORD).await;
    assert_eq!((deleted.status, &deleted.json), (StatusCode::NO_CONTENT, &Value::Null));
    for process in [&twin, &app] {
        for credential in [&access_token, &key] {
            assert_eq!(process.verify(credential).await, Err(VerifyError::Invalid));
        }
        assert_eq!(process.refresh(&tokens.text("refresh_token")).await.problem(), "unauthenticated");
        assert_eq!(process.log_in("ada").await.problem(), "invalid-credentials");
        assert_eq!(process.accounts.may_act(caller.account_id, caller.user_id).await, Ok(false));
    }
    let again = delete_me(&app, &caller, PASSWORD).await;
    assert_eq!((again.status, again.problem()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
    let made = app.register("ada").await;
    assert_eq!(made.status, StatusCode::CREATED, "name and address are free");
    assert_ne!(made.text("id"), registered.text("id"));
}

/// R4, N7: no row of the database tells of the person any more; the other services are told in the same transaction.
#[tokio::test]
async fn a_deletion_leaves_no_row_and_is_published() {
    let app = App::start().await;
    let ada = app.register("ada").await;
    let token = app.log_in("ada").await.text("access_token");
    app.create_key(&token, json!({ "name": "k" })).await;
    let caller = app.verify(&token).await.unwrap();
    assert_eq!(delete_me(&app, &caller, PASSWORD).await.status, StatusCode::NO_CONTENT);
    // One of each is the administrator's.
    for (sql, left) in [
        ("SELECT count(*) FROM users", 1),
        ("SELECT count(*) FROM accounts", 1),
        ("SELECT count(*) FROM sessions", 0),
        ("SELECT count(*) FROM refresh_tokens", 0),
        ("SELECT count(*) FROM api_keys", 0),
    ] {
        assert_eq!(app.count(sql).await, left, "{sql}");
    }
    let event =
        UserDeleted { user_id: ada.text("id"), account_id: ada.text("account_id"), is_account_deleted: true };
    let sql = "SELECT data FROM outbox WHERE type = 'dev.prosopa.user.deleted.v1'";
    assert_eq!(app.bytes(sql).await, event_bytes(&event));
}

/// R4: a user who leaves twice at once leaves once, and a key made meanwhile does not stay behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_deletions_delete_once() {
    let app = App::start().await;
    let twin = app.twin(Config::default()).await;
    let token = app.access_token_of("ada").await;
    let caller: Principal = app.verify(&token).await.unwrap();
    let key = app.call_as(
        Method::POST,
        "/api/v1/auth/api-keys",
        Some(caller.clone()),
        Some(json!({ "name": "k" })),
    );
    let (one, other, key) =
        futures::join!(delete_me(&app, &caller, PASSWORD), delete_me(&twin, &caller, PASSWORD), key);
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED]);
    assert!([StatusCode::CREATED, StatusCode::UNAUTHORIZED].contains(&key.status), "{}", key.json);
    assert_eq!(app.count("SELECT count(*) FROM api_keys").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM outbox WHERE type = 'dev.prosopa.user.deleted.v1'").await, 1);
}
