use futures::future::join_all;
use http::{Method, StatusCode};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_contract::{
    events::{UserDeactivated, UserReactivated},
    verifier::VerifyError,
};
use prosopa_model::{Principal, Role, Scope, Scopes, UserId};

use super::{USERS, administrator, delete_me, event_bytes, path_of};
use crate::support::{Answer, App, PASSWORD};

async fn decide(app: &App, administrator: &Principal, id: &str, decision: Value) -> Answer {
    app.call_as(Method::PATCH, &path_of(id), Some(administrator.clone()), Some(decision)).await
}

/// R5: nobody but an administrator, with a credential that allows it, sees or changes users; not even whether one exists
/// is told.
#[tokio::test]
async fn others_are_refused_whatever_they_name() {
    let app = App::start().await;
    let ada = app.access_token_of("ada").await;
    let eve = app.register("eve").await.text("id");
    let key = json!({ "name": "k", "scopes": ["account:read", "account:write"] });
    let weak = app.create_key(&ada, key).await.text("key");
    let (_, administrator) = administrator(&app).await;
    let without_scope = Principal { scopes: Scopes::for_keys(), ..administrator.clone() };
    assert!(!without_scope.scopes.has(Scope::Admin));
    let callers = [app.verify(&ada).await.unwrap(), app.verify(&weak).await.unwrap(), without_scope];
    for caller in callers {
        for id in [eve.as_str(), &UserId::new().to_string(), "usr_1", "nobody"] {
            let path = path_of(id);
            let shown = app.call_as(Method::GET, &path, Some(caller.clone()), None).await;
            assert_eq!((shown.status, shown.problem()), (StatusCode::FORBIDDEN, "forbidden"), "{id}");
            let changed = decide(&app, &caller, id, json!({ "status": "deactivated" })).await;
            assert_eq!((changed.status, changed.problem()), (StatusCode::FORBIDDEN, "forbidden"), "{id}");
        }
        for path in [USERS, "/api/v1/users?per_page=0"] {
            let list = app.call_as(Method::GET, path, Some(caller.clone()), None).await;
            assert_eq!((list.status, list.problem()), (StatusCode::FORBIDDEN, "forbidden"));
        }
    }
    assert_eq!(app.call_as(Method::GET, USERS, None, None).await.problem(), "unauthenticated");
    assert_eq!(app.count("SELECT count(*) FROM users WHERE status = 'deactivated'").await, 0);
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    for id in [UserId::new().to_string().as_str(), "usr_1", "nobody"] {
        let shown = app.call_as(Method::GET, &path_of(id), Some(administrator.clone()), None).await;
        assert_eq!((shown.status, shown.problem()), (StatusCode::NOT_FOUND, "not-found"));
        let changed = decide(&app, &administrator, id, json!({ "role": "user" })).await;
        assert_eq!((changed.status, changed.problem()), (StatusCode::NOT_FOUND, "not-found"));
    }
}

/// R6: sessions and keys of a deactivated user stop working at once, in every process; after a reactivation the keys
/// work again, the sessions do not.
#[tokio::test]
async fn a_deactivation_holds_at_once_in_every_process() {
    let app = App::start().await;
    let twin = app.twin(Config::default()).await;
    let (_, administrator) = administrator(&app).await;
    let registered = app.register("ada").await;
    let id = registered.text("id");
    let tokens = app.log_in("ada").await;
    let access_token = tokens.text("access_token");
    let key = app.create_key(&access_token, json!({ "name": "k" })).await.text("key");
    for credential in [&access_token, &key] {
        twin.verify(credential).await.unwrap();
    }
    let changed = decide(&app, &administrator, &id, json!({ "status": "deactivated" })).await;
    assert_eq!((changed.status, changed.text("status")), (StatusCode::OK, "deactivated".to_owned()));
    for process in [&twin, &app] {
        for credential in [&access_token, &key] {
            assert_eq!(process.verify(credential).await, Err(VerifyError::Invalid));
        }
        assert_eq!(process.refresh(&tokens.text("refresh_token")).await.problem(), "unauthenticated");
        assert_eq!(process.log_in("ada").await.problem(), "invalid-credentials");
        let (account, user) = (registered.text("account_id").parse().unwrap(), id.parse().unwrap());
        assert_eq!(process.accounts.may_act(account, user).await, Ok(false));
    }
    let changed = decide(&twin, &administrator, &id, json!({ "status": "active" })).await;
    assert_eq!(changed.status, StatusCode::OK);
    for process in [&twin, &app] {
        assert!(process.verify(&key).await.is_ok());
        assert_eq!(process.verify(&access_token).await, Err(VerifyError::Invalid));
        assert_eq!(process.refresh(&tokens.text("refresh_token")).await.problem(), "unauthenticated");
    }
    assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
}

/// R6: whoever logs in, or exchanges a refresh token, while the user is deactivated has no session afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_outlives_a_racing_deactivation() {
    let app = App::start().await;
    let twin = app.twin(Config::default()).await;
    let (_, administrator) = administrator(&app).await;
    let id = app.register("ada").await.text("id");
    let refresh_token = app.log_in("ada").await.text("refresh_token");
    let logins =
        join_all((0..6).map(|index| if index % 2 == 0 { app.log_in("ada") } else { twin.log_in("ada") }));
    let refreshed = app.refresh(&refresh_token);
    let decided = decide(&twin, &administrator, &id, json!({ "status": "deactivated" }));
    let (logins, refreshed, decided) = futures::join!(logins, refreshed, decided);
    assert_eq!(decided.status, StatusCode::OK);
    for answer in logins.iter().chain([&refreshed]) {
        assert!([StatusCode::OK, StatusCode::UNAUTHORIZED].contains(&answer.status), "{}", answer.json);
        if answer.status == StatusCode::OK {
            assert_eq!(twin.verify(&answer.text("access_token")).await, Err(VerifyError::Invalid));
        }
    }
    assert_eq!(
        app.count(
            "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.user_name = 'ada'"
        )
        .await,
        0
    );
}

/// R6: a key that is asked for while its user is deactivated is none.
#[tokio::test]
async fn a_deactivated_user_makes_no_key() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    let ada = app.access_token_of("ada").await;
    let caller = app.verify(&ada).await.unwrap();
    decide(&app, &administrator, &caller.user_id.to_string(), json!({ "status": "deactivated" })).await;
    let key =
        app.call_as(Method::POST, "/api/v1/auth/api-keys", Some(caller), Some(json!({ "name": "k" }))).await;
    assert_eq!(key.problem(), "unauthenticated");
}

/// R6: what was decided is told to other services once, and nothing is told of what was so already.
#[tokio::test]
async fn decisions_are_published_once() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    let ada = app.register("ada").await;
    let (user_id, account_id) = (ada.text("id"), ada.text("account_id"));
    for status in ["active", "deactivated", "deactivated", "active", "active"] {
        let decided = decide(&app, &administrator, &user_id, json!({ "status": status })).await;
        assert_eq!((decided.status, decided.text("status")), (StatusCode::OK, status.to_owned()));
    }
    let count = "SELECT count(*) FROM outbox WHERE type LIKE 'dev.prosopa.user.%activated.v1'";
    assert_eq!(app.count(count).await, 2);
    let deactivated = UserDeactivated { user_id: user_id.clone(), account_id: account_id.clone() };
    let sql = "SELECT data FROM outbox WHERE type = 'dev.prosopa.user.deactivated.v1'";
    assert_eq!(app.bytes(sql).await, event_bytes(&deactivated));
    let sql = "SELECT data FROM outbox WHERE type = 'dev.prosopa.user.reactivated.v1'";
    assert_eq!(app.bytes(sql).await, event_bytes(&UserReactivated { user_id, account_id }));
}

/// R5, F1: an administrator grants a role and a quota; what is not named stays.
#[tokio::test]
async fn role_and_quota_hold_from_the_next_request_on() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    let token = app.access_token_of("ada").await;
    let id = app.verify(&token).await.unwrap().user_id.to_string();
    let decided = decide(&app, &administrator, &id, json!({ "requests_per_day_max": 5_000 })).await;
    assert_eq!(decided.json["requests_per_day_max"], 5_000);
    assert_eq!(decided.text("role"), "user");
    let decided = decide(&app, &administrator, &id, json!({ "role": "administrator" })).await;
    assert_eq!(decided.json["requests_per_day_max"], 5_000);
    let principal = app.verify(&token).await.unwrap();
    assert_eq!((principal.role, principal.requests_per_day_max), (Role::Administrator, Some(5_000)));
    let decided =
        decide(&app, &administrator, &id, json!({ "role": "user", "requests_per_day_max": null })).await;
    assert_eq!(decided.json["requests_per_day_max"], Value::Null);
    let principal = app.verify(&token).await.unwrap();
    assert_eq!((principal.role, principal.requests_per_day_max), (Role::User, None));
    let shown = app.call_as(Method::GET, &path_of(&id), Some(administrator), None).await;
    assert_eq!(shown.json, decided.json);
}

/// R5, F7: an administrator gives a user a plan by name, which whatever the user shows carries from the next request on;
/// null takes it back.
#[tokio::test]
async fn a_plan_is_given_and_taken_back() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    let id = app.verify(&token).await.unwrap().user_id.to_string();
    let plans = async || {
        let mut plans = Vec::new();
        for credential in [&token, &key] {
            plans.push(app.verify(credential).await.unwrap().plan.map(|plan| plan.to_string()));
        }
        plans
    };
    let shown = app.call_as(Method::GET, &path_of(&id), Some(administrator.clone()), None).await;
    assert_eq!(shown.json["plan"], Value::Null);
    assert_eq!(plans().await, [None, None]);
    let decided = decide(&app, &administrator, &id, json!({ "plan": "team-1" })).await;
    assert_eq!((decided.status, decided.text("plan")), (StatusCode::OK, "team-1".to_owned()));
    assert_eq!(plans().await, [Some("team-1".to_owned()), Some("team-1".to_owned())]);
    let decided = decide(&app, &administrator, &id, json!({ "requests_per_day_max": 7 })).await;
    assert_eq!(decided.text("plan"), "team-1", "what is not named stays");
    let shown = app.call_as(Method::GET, &path_of(&id), Some(administrator.clone()), None).await;
    assert_eq!(shown.json, decided.json);
    let decided = decide(&app, &administrator, &id, json!({ "plan": null })).await;
    assert_eq!(decided.json["plan"], Value::Null);
    assert_eq!(plans().await, [None, None]);
}

#[tokio::test]
async fn unacceptable_decisions_are_pointed_at() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    let id = app.register("ada").await.text("id");
    let refused = [
        (json!({ "status": "gone" }), "/status"),
        (json!({ "status": null }), "/status"),
        (json!({ "role": "root" }), "/role"),
        (json!({ "role": null }), "/role"),
        (json!({ "requests_per_day_max": 0 }), "/requests_per_day_max"),
        (json!({ "requests_per_day_max": -1 }), "/requests_per_day_max"),
        (json!({ "requests_per_day_max": 1_000_000_001 }), "/requests_per_day_max"),
        (json!({ "requests_per_day_max": u64::MAX }), "/requests_per_day_max"),
        (json!({ "plan": "" }), "/plan"),
        (json!({ "plan": "Team" }), "/plan"),
        (json!({ "plan": "team-" }), "/plan"),
        (json!({ "plan": 7 }), "/plan"),
        (json!({ "plan": "a".repeat(64) }), "/plan"),
        (json!({ "email": "eve@example.org" }), "/email"),
    ];
    for (decision, pointer) in refused {
        let answer = decide(&app, &administrator, &id, decision.clone()).await;
        assert_eq!(answer.problem(), "validation-failed", "{decision}");
        assert_eq!(answer.pointer(), pointer, "{decision}");
    }
    let unchanged = decide(&app, &administrator, &id, json!({})).await;
    assert_eq!((unchanged.status, unchanged.text("status")), (StatusCode::OK, "active".to_owned()));
}

/// R5: the last administrator who may act stays, whichever way it is to go; one who may not act does not count.
#[tokio::test]
async fn the_last_administrator_stays() {
    let app = App::start().await;
    let (password, administrator) = administrator(&app).await;
    let own = administrator.user_id.to_string();
    let ada = app.register("ada").await.text("id");
    let refused = |answer: Answer| {
        assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "last-administrator"));
    };
    decide(&app, &administrator, &ada, json!({ "role": "administrator", "status": "deactivated" })).await;
    refused(decide(&app, &administrator, &own, json!({ "status": "deactivated" })).await);
    refused(decide(&app, &administrator, &own, json!({ "role": "user" })).await);
    refused(delete_me(&app, &administrator, &password).await);
    let kept =
        decide(&app, &administrator, &own, json!({ "status": "active", "requests_per_day_max": 7 })).await;
    assert_eq!(kept.status, StatusCode::OK, "other values of the last one may change");
    decide(&app, &administrator, &ada, json!({ "status": "active" })).await;
    let demoted = decide(&app, &administrator, &own, json!({ "role": "user" })).await;
    assert_eq!((demoted.status, demoted.text("role")), (StatusCode::OK, "user".to_owned()));
}

/// R5: of twenty administrators who are all demoted or deactivated at once, by each other and in two processes, one stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_racing_demotions_leave_one_administrator() {
    let app = App::start().await;
    let twin = app.twin(Config::default()).await;
    let (_, administrator) = administrator(&app).await;
    let mut ring = vec![administrator.user_id.to_string()];
    for index in 1..20 {
        let id = app.register(&format!("admin-{index}-of-20")).await.text("id");
        decide(&app, &administrator, &id, json!({ "role": "administrator" })).await;
        ring.push(id);
    }
    let decisions = (0..ring.len()).map(|index| {
        let caller = Principal { user_id: ring[index].parse().unwrap(), ..administrator.clone() };
        let target = ring[(index + 1) % ring.len()].clone();
        let decision =
            if index % 3 == 0 { json!({ "status": "deactivated" }) } else { json!({ "role": "user" }) };
        let process = if index % 2 == 0 { &app } else { &twin };
        async move { decide(process, &caller, &target, decision).await }
    });
    let answers = join_all(decisions).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != StatusCode::OK).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].problem(), "last-administrator");
    let sql = "SELECT count(*) FROM users WHERE role = 'administrator' AND status = 'active'";
    assert_eq!(app.count(sql).await, 1);
}

/// R5: two administrators who leave at once do not both leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_do_not_both_leave() {
    let app = App::start().await;
    let twin = app.twin(Config::default()).await;
    let (password, administrator) = administrator(&app).await;
    let ada = app.access_token_of("ada").await;
    let ada = app.verify(&ada).await.unwrap();
    decide(&app, &administrator, &ada.user_id.to_string(), json!({ "role": "administrator" })).await;
    let (one, other) =
        futures::join!(delete_me(&app, &administrator, &password), delete_me(&twin, &ada, PASSWORD));
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::NO_CONTENT, StatusCode::CONFLICT]);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
}

/// R5: whatever is decided about three users in whatever order, it is refused exactly if it would leave no
/// administrator who may act.
#[test]
fn there_is_always_an_administrator() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (app, administrator, ids) = runtime.block_on(async {
        let app = App::start().await;
        let (_, administrator) = administrator(&app).await;
        let ids = [
            administrator.user_id.to_string(),
            app.register("ada").await.text("id"),
            app.register("eve").await.text("id"),
        ];
        (app, administrator, ids)
    });
    let role = proptest::option::of(prop_oneof![Just("user"), Just("administrator")]);
    let status = proptest::option::of(prop_oneof![Just("active"), Just("deactivated")]);
    let steps = proptest::collection::vec((0..3_usize, role, status), 1..12);
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&steps, |steps| {
            runtime.block_on(async {
                let mut users = Vec::new();
                for id in &ids {
                    let user =
                        app.call_as(Method::GET, &path_of(id), Some(administrator.clone()), None).await;
                    users.push((user.text("role"), user.text("status")));
                }
                for (index, role, status) in steps {
                    let mut next = users.clone();
                    let mut decision = json!({});
                    if let Some(role) = role {
                        next[index].0 = role.to_owned();
                        decision["role"] = role.into();
                    }
                    if let Some(status) = status {
                        next[index].1 = status.to_owned();
                        decision["status"] = status.into();
                    }
                    let answer = decide(&app, &administrator, &ids[index], decision).await;
                    let stays =
                        next.iter().any(|(role, status)| role == "administrator" && status == "active");
                    prop_assert_eq!(answer.status == StatusCode::OK, stays);
                    prop_assert_eq!(answer.status == StatusCode::CONFLICT, !stays);
                    if stays {
                        users = next;
                    }
                    let shown = (answer.json["role"].as_str(), answer.json["status"].as_str());
                    let (role, status) = &users[index];
                    prop_assert!(!stays || shown == (Some(role.as_str()), Some(status.as_str())));
                }
                Ok(())
            })
        })
        .unwrap();
}
