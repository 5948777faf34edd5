mod once;

use futures::future::join_all;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use prosopa_auth::Config;

use crate::support::{Answer, App, PASSWORD};

fn body(changes: Value) -> Value {
    let mut body = json!({ "user_name": "ada", "email": "ada@example.org", "password": PASSWORD });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

/// F1: user name, e-mail, password and a quota make a user in an account of its own.
#[tokio::test]
async fn a_registered_user_is_shown() {
    let app = App::start().await;
    let ada = app.post("/api/v1/auth/register", body(json!({ "api_request_quota": 40 }))).await;
    assert_eq!(ada.status, StatusCode::CREATED);
    assert_eq!(ada.headers[header::LOCATION], "/api/v1/users/me");
    assert!(ada.text("id").starts_with("usr_") && ada.text("account_id").starts_with("acc_"));
    assert_eq!(ada.json["user_name"], "ada");
    assert_eq!(ada.json["email"], "ada@example.org");
    assert_eq!(ada.json["role"], "user");
    assert_eq!(ada.json["status"], "active");
    assert_eq!(ada.json["created_at"], "2026-01-02T03:04:05.500000Z");
    assert_eq!(ada.json.as_object().unwrap().len(), 7, "{}", ada.json);
    let bob = app.register("bob").await;
    assert_ne!(bob.json["account_id"], ada.json["account_id"]);
    assert_eq!(app.metric("prosopa_auth_registrations_total{outcome=\"created\"}"), 2);
}

/// F1: the quota asked for is the one that applies; that of the plan is nothing special.
#[tokio::test]
async fn the_quota_asked_for_goes_with_the_principal() {
    let app = App::start().await;
    for (name, quota, expected) in
        [("ada", json!(40), Some(40)), ("bob", json!(100), None), ("cyd", Value::Null, None)]
    {
        let changes =
            json!({ "user_name": name, "email": format!("{name}@example.org"), "api_request_quota": quota });
        assert_eq!(app.post("/api/v1/auth/register", body(changes)).await.status, StatusCode::CREATED);
        let token = app.log_in(name).await.text("access_token");
        assert_eq!(app.verify(&token).await.unwrap().requests_per_day_max, expected, "{name}");
    }
}

/// F1: more than the plan's quota comes from an administrator only.
#[tokio::test]
async fn a_quota_above_the_plan_is_refused() {
    let app = App::start().await;
    let refused = app.post("/api/v1/auth/register", body(json!({ "api_request_quota": 101 }))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.pointer(), "/api_request_quota");
    assert!(refused.json["errors"][0]["detail"].as_str().unwrap().contains("administrator"));
    for quota in [json!(0), json!(-1), json!("100"), json!(1.5)] {
        let refused = app.post("/api/v1/auth/register", body(json!({ "api_request_quota": quota }))).await;
        assert_eq!(refused.pointer(), "/api_request_quota");
    }
}

/// F1: every mistake is pointed at, all of them at once.
#[tokio::test]
async fn unacceptable_values_are_pointed_at() {
    let app = App::start().await;
    let long_name = "a".repeat(65);
    let long_email = format!("{}@example.org", "a".repeat(250));
    let long_password = "aB3$".repeat(257);
    let cases = [
        ("user_name", json!("ab")),
        ("user_name", json!(long_name)),
        ("user_name", json!("a b c")),
        ("user_name", json!("a\u{200b}da")),
        ("user_name", json!("ada\u{0}")),
        ("user_name", json!("\u{430}dmin")),
        ("user_name", json!(7)),
        ("user_name", Value::Null),
        ("email", json!("ada")),
        ("email", json!(long_email)),
        ("email", json!("ada@example.org\nBcc: x@example.org")),
        ("email", json!(["ada@example.org"])),
        ("password", json!("kZ4!p9q")),
        ("password", json!(long_password)),
        ("password", json!("Password123!")),
        ("password", json!(12_345_678)),
        ("password", json!("ADA@example.org")),
        ("color", json!("red")),
    ];
    for (field, value) in cases {
        let refused = app.post("/api/v1/auth/register", body(json!({ field: value }))).await;
        assert_eq!(refused.pointer(), format!("/{field}"), "{}", refused.json);
    }
    let refused =
        app.post("/api/v1/auth/register", json!({ "user_name": "a", "email": "b", "password": "c" })).await;
    assert_eq!(refused.json["errors"].as_array().unwrap().len(), 3);
    let refused = app.post("/api/v1/auth/register", json!({ "user_name": "ada" })).await;
    assert_eq!(refused.problem(), "validation-failed");
}

/// F1: nothing of a long password is cut off.
#[tokio::test]
async fn every_character_of_a_long_password_counts() {
    let app = App::start().await;
    let password: String = (0..1_024).map(|index| char::from(b'!' + (index * 7 % 90) as u8)).collect();
    let registered = app.post("/api/v1/auth/register", body(json!({ "password": password }))).await;
    assert_eq!(registered.status, StatusCode::CREATED);
    let log_in = |password: String| {
        app.post("/api/v1/auth/login", json!({ "user_name": "ada", "password": password }))
    };
    assert_eq!(log_in(password.clone()).await.status, StatusCode::OK);
    let mut other = password.clone();
    other.pop();
    assert_eq!(log_in(format!("{other}\u{e4}")).await.problem(), "invalid-credentials");
    assert_eq!(log_in(other).await.problem(), "invalid-credentials");
    assert_eq!(log_in(format!("{password}x")).await.problem(), "invalid-credentials");
}

/// R7: forms of one name are one name, and the form that was typed is shown.
#[tokio::test]
async fn case_and_width_do_not_make_another_name() {
    let app = App::start().await;
    let shown = app.register("Ａda").await;
    assert_eq!(shown.json["user_name"], "Ａda");
    for name in ["ada", "ADA", "ａｄａ"] {
        let taken = app
            .post("/api/v1/auth/register", body(json!({ "user_name": name, "email": "x@example.org" })))
            .await;
        assert_eq!((taken.status, taken.problem()), (StatusCode::CONFLICT, "user-name-taken"), "{name}");
    }
    assert_eq!(app.log_in("aDA").await.status, StatusCode::OK);
}

/// R7: nobody takes a name that looks like another's, and only the owner of a name logs in with it.
#[tokio::test]
async fn a_name_that_looks_like_another_is_taken() {
    let app = App::start().await;
    assert_eq!(app.register("coco").await.status, StatusCode::CREATED);
    let cyrillic = "\u{441}\u{43e}\u{441}\u{43e}";
    for name in [cyrillic, "\u{421}\u{41e}\u{421}\u{41e}", "c0c0"] {
        let changes = json!({ "user_name": name, "email": "x@example.org" });
        let taken = app.post("/api/v1/auth/register", body(changes)).await;
        assert_eq!((taken.status, taken.problem()), (StatusCode::CONFLICT, "user-name-taken"), "{name}");
    }
    assert_eq!(app.log_in(cyrillic).await.problem(), "invalid-credentials");
}

/// R7: of simultaneous registrations of names that look alike exactly one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_racing_look_alikes_wins() {
    let app = App::start().await;
    let names = ["coco", "\u{441}\u{43e}\u{441}\u{43e}"];
    let racing = names.iter().enumerate().map(|(index, name)| {
        let changes = json!({ "user_name": name, "email": format!("{index}@example.org") });
        app.post("/api/v1/auth/register", body(changes))
    });
    let mut statuses: Vec<_> = join_all(racing).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::CONFLICT]);
}

/// R7: an address is unique without regard to case.
#[tokio::test]
async fn an_address_is_taken_in_any_case() {
    let app = App::start().await;
    app.register("ada").await;
    let body = body(json!({ "user_name": "eve", "email": "ADA@Example.org" }));
    let taken = app.post("/api/v1/auth/register", body).await;
    assert_eq!((taken.status, taken.problem()), (StatusCode::CONFLICT, "email-taken"));
}

/// R7: of simultaneous registrations of one name or one address exactly one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_fifty_racing_registrations_wins() {
    let app = App::start().await;
    let same_name = |index: usize| json!({ "email": format!("ada{index}@example.org") });
    let same_email = |index: usize| json!({ "user_name": format!("eve{index}"), "email": "eve@example.org" });
    let races: [(&dyn Fn(usize) -> Value, &str); 2] =
        [(&same_name, "user-name-taken"), (&same_email, "email-taken")];
    for (changes, problem) in races {
        let racing = (0..50).map(|index| app.post("/api/v1/auth/register", body(changes(index))));
        let answers = join_all(racing).await;
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == StatusCode::CREATED);
        assert_eq!(won.len(), 1);
        assert!(lost.iter().all(|answer| answer.problem() == problem));
    }
}

/// Registers without waiting.
async fn enqueue(app: &App, name: &str) -> Answer {
    enqueue_with(app, name, &format!("{name}@example.org")).await
}

async fn enqueue_with(app: &App, name: &str, email: &str) -> Answer {
    let body = json!({ "user_name": name, "email": email, "password": PASSWORD });
    let request = Request::post("/api/v1/auth/register").header("prefer", "respond-async");
    let request = request.header("content-type", "application/json");
    app.send(request.body(body.to_string().into()).unwrap()).await
}

/// Asks where a registration stands until it has ended.
async fn outcome(app: &App, location: &str, secret: &str) -> Answer {
    loop {
        let answer = app.ask(Method::GET, location, Some(secret)).await;
        if answer.status != StatusCode::OK || !["queued", "processing"].contains(&&*answer.text("status")) {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// R1, R2: who does not wait is told at once where to ask, and hears status and remark there; then the row is deleted.
#[tokio::test]
async fn a_queued_registration_tells_its_outcome() {
    let app = App::start().await;
    let queued = enqueue(&app, "ada").await;
    assert_eq!(queued.status, StatusCode::ACCEPTED);
    assert_eq!(queued.headers["cache-control"], "no-store");
    let (location, secret) = (queued.headers["location"].to_str().unwrap(), queued.text("secret"));
    assert_eq!(location, format!("/api/v1/auth/registrations/{}", queued.text("id")));
    let done = outcome(&app, location, &secret).await;
    assert_eq!(
        (done.text("status"), done.text("remark")),
        ("completed".into(), "the user was registered".into())
    );
    assert!(done.text("user_id").starts_with("usr_"));
    assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
    assert_eq!(app.ask(Method::DELETE, location, Some(&secret)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(Method::GET, location, Some(&secret)).await.problem(), "not-found");
    assert_eq!(app.log_in("ada").await.status, StatusCode::OK, "the user stays");
}

/// R1: nobody else learns anything of a registration, not even that there is one.
#[tokio::test]
async fn a_registration_is_told_to_its_secret_only() {
    let app = App::start().await;
    let queued = enqueue(&app, "ada").await;
    let (location, secret) = (queued.headers["location"].to_str().unwrap(), queued.text("secret"));
    let absent = "/api/v1/auth/registrations/reg_01h455vb4pex5vsknk084sn02q";
    let other = enqueue(&app, "bob").await.text("secret");
    for (path, secret) in [(location, &other), (absent, &secret), (location, &String::new())] {
        assert_eq!(app.ask(Method::GET, path, Some(secret)).await.problem(), "not-found");
        assert_eq!(app.ask(Method::DELETE, path, Some(secret)).await.problem(), "not-found");
    }
    assert_eq!(app.ask(Method::GET, location, None).await.problem(), "not-found");
    assert_eq!(outcome(&app, location, &secret).await.text("status"), "completed");
}

/// R1, R7: of two that were queued with one name, the later one fails and says why.
#[tokio::test]
async fn a_queued_registration_of_a_taken_name_fails() {
    let app = App::start().await;
    let (one, other) =
        tokio::join!(enqueue_with(&app, "ada", "a@example.org"), enqueue_with(&app, "Ada", "b@example.org"));
    let mut outcomes = Vec::new();
    for queued in [one, other] {
        if queued.status == StatusCode::CONFLICT {
            outcomes.push("failed user-name-taken".to_owned());
            continue;
        }
        let location = queued.headers["location"].to_str().unwrap();
        let ended = outcome(&app, location, &queued.text("secret")).await;
        let code = ended.json["code"].as_str().unwrap_or_default();
        outcomes.push(format!("{} {code}", ended.text("status")));
    }
    outcomes.sort();
    assert_eq!(outcomes, ["completed ", "failed user-name-taken"]);
}

/// R1: a registration that was promised is kept by a process that ends, and done by the next; its secrets lie sealed.
#[tokio::test]
async fn a_queued_registration_survives_the_process() {
    let app = App::start_idle().await;
    let queued = enqueue(&app, "ada").await;
    let (location, secret) = (queued.headers["location"].to_str().unwrap().to_owned(), queued.text("secret"));
    assert_eq!(app.ask(Method::GET, &location, Some(&secret)).await.text("status"), "queued");
    for needle in [PASSWORD, &secret, "ada@example.org"] {
        assert!(!app.home().holds_anywhere(needle.as_bytes()).await, "{needle}");
    }
    let app = app.restart(Config::default()).await;
    assert_eq!(outcome(&app, &location, &secret).await.text("status"), "completed");
}
