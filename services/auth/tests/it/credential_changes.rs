//! What the service tells those who keep its answers.

use std::{collections::BTreeSet, time::Duration};

use http::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use prosopa_auth::{AuthService, Config};
use prosopa_contract::{
    credential_changes::Subjects,
    verifier::{Verified, VerifyError},
};
use prosopa_model::{Credential, Principal};
use prosopa_runtime::Service;
use prosopa_store::{Backend, Database, Tx, affected, on_db, query, testing::describe};

use crate::support::{App, PASSWORD};

/// Tables by which credentials are judged: each of their changes is told.
const TOLD: [&str; 4] = ["api_client_certificates", "users", "sessions", "api_keys"];

/// Tables that no judgement that is kept reads, or whose rows never change but by their own expiry.
const UNTOLD: [&str; 21] = [
    "accounts",
    // The keys that clients sign with are asked for each time.
    "api_client_keys",
    "api_clients",
    "credential_changes",
    "event_cursors",
    "event_dead_letters",
    "event_relays",
    "hash_key",
    "idempotency_keys",
    "identities",
    "inbox",
    "job_schedules",
    "job_steps",
    "jobs",
    "oidc_returns",
    "outbox",
    "password_resets",
    "refresh_tokens",
    "registrations",
    "session_cookies",
    "signing_keys",
];

const THOUSAND_CHANGES: &str = "
    INSERT INTO credential_changes (subject_id)
    WITH RECURSIVE numbers (number) AS (
        SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 1000)
    SELECT id FROM users, numbers WHERE user_name = 'ada'";

fn subjects_of(principal: &Principal) -> [Uuid; 2] {
    let credential_id = match principal.credential {
        Credential::Session(id) => id.uuid(),
        Credential::ApiKey(id) => id.uuid(),
        Credential::Client(id) => id.uuid(),
    };
    [principal.user_id.uuid(), credential_id]
}

/// A credential, and what was said of it.
struct Kept {
    text: String,
    answer: Result<Verified, VerifyError>,
}

impl Kept {
    async fn ask(app: &App, text: &str) -> Self {
        Self { text: text.to_owned(), answer: app.examine(text).await }
    }
}

/// A process that makes changes, and another one that is asked for them.
struct World {
    app: App,
    watched: App,
    position: i64,
    kept: Vec<Kept>,
}

impl World {
    async fn start() -> Self {
        let app = App::start().await;
        let watched = app.twin(Config::default()).await;
        let position = watched.changes.changes_since(None).await.unwrap().position;
        Self { app, watched, position, kept: Vec::new() }
    }

    /// Asks again for all that was kept: what is answered otherwise now, and nothing else of those, has been told.
    async fn check(&mut self, what: &str) {
        let changes = self.watched.changes.changes_since(Some(self.position)).await.unwrap();
        self.position = changes.position;
        let Subjects::Listed(ids) = changes.subjects else { panic!("{what}: too many changes") };
        for kept in &mut self.kept {
            let now = self.app.examine(&kept.text).await;
            if now != kept.answer
                && let Ok(before) = &kept.answer
            {
                let is_told = subjects_of(&before.principal).iter().any(|id| ids.contains(id));
                assert!(is_told, "{what}: {before:?} became {now:?} without a word");
            }
            kept.answer = now;
        }
    }

    async fn patch(&mut self, administrator: &str, id: &str, body: serde_json::Value) {
        let path = format!("/api/v1/users/{id}");
        let what = body.to_string();
        let answer = self.app.call(Method::PATCH, &path, Some(administrator), Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{what}: {}", answer.json);
        self.check(&what).await;
    }
}

/// R6, F3, S7: whatever makes another answer of one that was kept is told, by a process that did not make the change.
#[tokio::test]
async fn every_change_is_told_by_every_process() {
    let mut world = World::start().await;
    let administrator = world.app.access_token_of_administrator().await;
    let mut sessions = Vec::new();
    world.app.register("ada").await;
    for _ in 0..6 {
        sessions.push(world.app.log_in("ada").await);
    }
    let tokens: Vec<String> = sessions.iter().map(|session| session.text("access_token")).collect();
    let key = world.app.create_key(&tokens[0], json!({ "name": "k" })).await;
    let revoked = world.app.create_key(&tokens[0], json!({ "name": "r" })).await;
    for text in tokens.iter().chain([&key.text("key"), &revoked.text("key")]) {
        world.kept.push(Kept::ask(&world.app, text).await);
    }
    assert!(world.kept.iter().all(|kept| kept.answer.is_ok()));
    world.check("nothing").await;
    let id = world.app.verify(&tokens[0]).await.unwrap().user_id.to_string();

    let logout = json!({ "refresh_token": sessions[5].text("refresh_token") });
    world.app.post("/api/v1/auth/logout", logout).await;
    world.check("logout").await;
    assert_eq!(world.kept[5].answer, Err(VerifyError::Invalid));

    world.app.call(Method::POST, "/api/v1/auth/revoke", None, Some(json!({ "token": tokens[4] }))).await;
    world.check("revocation by token").await;

    let path = format!("/api/v1/auth/api-keys/{}", revoked.text("id"));
    world.app.call(Method::DELETE, &path, Some(&tokens[0]), None).await;
    world.check("revocation of a key").await;
    assert_eq!(world.kept[7].answer, Err(VerifyError::Invalid));

    world.patch(&administrator, &id, json!({ "role": "administrator" })).await;
    world.patch(&administrator, &id, json!({ "role": "user" })).await;
    world.patch(&administrator, &id, json!({ "requests_per_day_max": 5 })).await;
    world.patch(&administrator, &id, json!({ "plan": "team" })).await;

    let change = json!({ "current_password": PASSWORD, "new_password": "another horse, another staple" });
    let changed = world.app.call(Method::POST, "/api/v1/auth/password", Some(&tokens[0]), Some(change)).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.json);
    world.check("new password").await;
    assert_eq!(world.kept[1].answer, Err(VerifyError::Invalid));

    world.patch(&administrator, &id, json!({ "status": "deactivated" })).await;
    assert_eq!(world.kept[6].answer, Err(VerifyError::Invalid));
    world.patch(&administrator, &id, json!({ "status": "active" })).await;
    assert!(world.kept[6].answer.is_ok());

    let body = json!({ "user_name": "ada", "password": "another horse, another staple" });
    let token = world.app.post("/api/v1/auth/login", body).await.text("access_token");
    world.kept.push(Kept::ask(&world.app, &token).await);
    let body = json!({ "password": "another horse, another staple" });
    let deleted = world.app.call(Method::DELETE, "/api/v1/users/me", Some(&token), Some(body)).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.json);
    world.check("deletion").await;
    assert!(world.kept.iter().all(|kept| kept.answer.is_err()));
}

/// Logins, refreshes and uses end nothing: gateways keep what they know.
#[tokio::test]
async fn what_ends_nothing_is_not_told() {
    let app = App::start().await;
    app.register("ada").await;
    let position = app.changes.changes_since(None).await.unwrap().position;
    let tokens = app.log_in("ada").await;
    let key = app.create_key(&tokens.text("access_token"), json!({ "name": "k" })).await.text("key");
    app.clock.advance(Duration::from_secs(60));
    app.refresh(&tokens.text("refresh_token")).await;
    assert!(app.verify(&key).await.is_ok());
    // The use of the key is written at the end of the process.
    let app = app.restart(Config::default()).await;
    let changes = app.changes.changes_since(Some(position)).await.unwrap();
    assert_eq!((changes.position, changes.subjects), (position, Subjects::Listed(Vec::new())));
}

/// Nobody adds a table by which credentials are judged and forgets to tell of it: whoever adds one says here which it is.
#[tokio::test]
async fn every_table_is_told_of_or_need_not_be() {
    let app = App::start().await;
    let options = app.platform.database_options(AuthService::NAME).unwrap();
    let database = Database::open(&options, AuthService::MIGRATIONS).await.unwrap();
    let facts = describe(&database).await.unwrap();
    database.close().await;
    let tables: BTreeSet<&str> = facts.iter().filter_map(|fact| fact.split(':').next()).collect();
    let known: BTreeSet<&str> = TOLD.into_iter().chain(UNTOLD).collect();
    assert_eq!(tables, known);
}

/// S7: nor does a statement that nobody thought of, in whatever transaction.
#[tokio::test]
async fn statements_that_change_a_told_table_are_told() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    app.create_key(&token, json!({ "name": "k" })).await;
    let mut position = app.changes.changes_since(None).await.unwrap().position;
    let statements = [
        "UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'",
        "UPDATE users SET account_id = account_id WHERE user_name = 'ada'",
        "UPDATE sessions SET expires_at = 1",
        "UPDATE api_keys SET scopes = ''",
        "UPDATE api_keys SET expires_at = 1",
        "UPDATE api_keys SET revoked_at = 1",
        "DELETE FROM sessions",
    ];
    for sql in statements {
        app.execute(sql).await;
        let changes = app.changes.changes_since(Some(position)).await.unwrap();
        assert!(matches!(&changes.subjects, Subjects::Listed(ids) if ids.len() == 1), "{sql}: {changes:?}");
        assert!(changes.position > position);
        position = changes.position;
    }
}

/// A position that is not known any more, or was never given, gives way to one that is, and everything is forgotten.
#[tokio::test]
async fn who_was_away_for_too_long_forgets_everything() {
    let app = App::start().await;
    app.register("ada").await;
    let start = app.changes.changes_since(None).await.unwrap();
    assert_eq!(start.subjects, Subjects::Everything);
    for strange in [start.position + 1, -1, i64::MAX, i64::MIN] {
        let changes = app.changes.changes_since(Some(strange)).await.unwrap();
        assert_eq!(changes, start, "{strange}");
    }
    app.execute(THOUSAND_CHANGES).await;
    let changes = app.changes.changes_since(Some(start.position)).await.unwrap();
    assert!(matches!(&changes.subjects, Subjects::Listed(ids) if ids.len() == 1_000), "{changes:?}");
    app.execute("UPDATE users SET role = role WHERE user_name = 'ada'").await;
    let changes = app.changes.changes_since(Some(start.position)).await.unwrap();
    assert_eq!(changes.subjects, Subjects::Everything);
}

/// The table does not grow: as many changes are kept as a second can bring, and more.
#[tokio::test]
async fn old_changes_are_deleted() {
    const COUNT: &str = "SELECT count(*) FROM credential_changes";
    let app = App::start().await;
    app.register("ada").await;
    let start = app.changes.changes_since(None).await.unwrap().position;
    for _ in 0..10 {
        app.execute(THOUSAND_CHANGES).await;
    }
    assert!(app.count(COUNT).await > 10_000);
    let last = app.changes.changes_since(None).await.unwrap().position;
    let app = app.restart(Config::default()).await;
    assert_eq!(app.count(COUNT).await, 10_000);
    let changes = app.changes.changes_since(Some(last)).await.unwrap();
    assert_eq!(changes.subjects, Subjects::Listed(Vec::new()), "what is known goes on");
    let changes = app.changes.changes_since(Some(start)).await.unwrap();
    assert_eq!((changes.position, changes.subjects), (last, Subjects::Everything));
}

/// S7: transactions that overlap are told in the order of their commits. One that has its place already, and is not
/// committed yet, is not passed over by another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_passed_over() {
    let app = App::start().await;
    let [first, second] = [app.access_token_of("ada").await, app.access_token_of("eve").await];
    let mut missing = BTreeSet::new();
    for token in [&first, &second] {
        missing.insert(subjects_of(&app.verify(token).await.unwrap())[1]);
    }
    let mut position = app.changes.changes_since(None).await.unwrap().position;
    let mut hear = async || {
        let changes = app.changes.changes_since(Some(position)).await.unwrap();
        position = changes.position;
        match changes.subjects {
            Subjects::Listed(ids) => missing.retain(|id| !ids.contains(id)),
            Subjects::Everything => panic!("too many changes"),
        }
        missing.len()
    };
    let options = app.platform.database_options(AuthService::NAME).unwrap();
    let database = Database::open(&options, AuthService::MIGRATIONS).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    end_session(&mut tx, "ada").await;
    if tx.backend() == Backend::Postgres {
        let now = "SET CONSTRAINTS ALL IMMEDIATE";
        on_db!(tx, c => query(now).execute(c).await.map(affected)).unwrap();
    }
    let other = database.clone();
    let other = tokio::spawn(async move {
        let mut tx = other.begin().await.unwrap();
        end_session(&mut tx, "eve").await;
        tx.commit().await.unwrap();
    });
    for _ in 0..200 {
        assert_eq!(hear().await, 2, "the second would hide the first");
    }
    tx.commit().await.unwrap();
    other.await.unwrap();
    assert_eq!(hear().await, 0);
    database.close().await;
}

async fn end_session(tx: &mut Tx, user_name: &'static str) {
    let sql = "DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE user_name = $1)";
    on_db!(*tx, c => query(sql).bind(user_name).execute(c).await.map(affected)).unwrap();
}
