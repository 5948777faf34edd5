use futures::future::join_all;
use serde_json::json;

use prosopa_harness::{Caller, PASSWORD, Product, patiently, photo};

/// F1: one's own data and quota are shown.
#[tokio::test]
async fn a_new_user_sees_name_and_quota() {
    let product = Product::start().await;
    let user = product.user().await;
    let me = user.get("/api/v1/users/me").await.json();
    assert_eq!(me["user_name"], user.user_name.as_str());
    assert_eq!((&me["role"], &me["status"]), (&"user".into(), &"active".into()));
    let windows = &me["quota"]["windows"];
    assert_eq!((&windows[0]["limit"], &windows[1]["limit"]), (&100.into(), &2000.into()));
    assert_eq!(me["quota"]["rate"], json!({ "requests_per_second": 10, "burst": 20 }));
}

/// F1: a quota of one's own may be smaller than the plan's, not larger.
#[tokio::test]
async fn a_smaller_quota_may_be_asked_for() {
    let product = Product::start().await;
    let stranger = product.stranger();
    let registration = |name: &str, quota: u64| {
        let (name, stranger) = (name.to_owned(), stranger.clone());
        async move {
            let email = format!("{name}@example.org");
            let body = json!({ "user_name": name, "email": email, "password": PASSWORD, "api_request_quota": quota });
            stranger.post("/api/v1/auth/register", &body).await
        }
    };
    let refused = registration("greedy", 101).await;
    assert_eq!(refused.refusal(), (422, "validation-failed".into()));
    assert_eq!(refused.text("/errors/0/pointer"), "/api_request_quota");
    assert_eq!(registration("modest", 1).await.status, 201);
    let user = product.log_in("modest").await;
    assert_eq!(user.detect(photo(), "image/png").await.status, 201);
    assert_eq!(user.detect(photo(), "image/png").await.refusal(), (429, "quota-exceeded".into()));
}

/// R7: 50 simultaneous registrations of one name make one user.
#[tokio::test]
async fn one_of_fifty_simultaneous_registrations_wins() {
    let product = Product::start_with(&[
        ("PROSOPA_GATEWAY__ADDRESS_RATE__BURST", "1000"),
        ("PROSOPA_AUTH__PASSWORD_HASHING_QUEUE_MAX", "100"),
    ])
    .await;
    let stranger = product.stranger();
    let answers = join_all((0..50).map(|index| {
        let body = json!({
            "user_name": "popular",
            "email": format!("{index}@example.org"),
            "password": PASSWORD,
        });
        let stranger = stranger.clone();
        async move { stranger.post("/api/v1/auth/register", &body).await }
    }))
    .await;
    let mut outcomes: Vec<_> = answers.iter().map(prosopa_harness::Answer::refusal).collect();
    outcomes.sort();
    outcomes.dedup();
    assert_eq!(outcomes, [(201, String::new()), (409, "user-name-taken".into())]);
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
}

async fn refresh(caller: &Caller, token: &str) -> prosopa_harness::Answer {
    caller.post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await
}

/// F2: a refresh gives a new pair and ends the old refresh token; a logout ends both tokens.
#[tokio::test]
async fn tokens_rotate_and_end() {
    let product = Product::start().await;
    let user = product.user().await;
    let login = json!({ "email": format!("{}@example.org", user.user_name), "password": PASSWORD });
    let first = user.post("/api/v1/auth/login", &login).await;
    assert_eq!((&first.json()["token_type"], &first.json()["expires_in"]), (&"Bearer".into(), &900.into()));
    let second = refresh(&user, &first.text("/refresh_token")).await;
    assert_eq!(second.status, 200);
    assert_eq!(refresh(&user, &first.text("/refresh_token")).await.refusal().0, 401);
    let caller = user.with_token(&second.text("/access_token"));
    assert_eq!(caller.get("/api/v1/users/me").await.status, 200);
    let logout = json!({ "refresh_token": second.text("/refresh_token") });
    for _ in 0..2 {
        assert_eq!(user.post("/api/v1/auth/logout", &logout).await.status, 204);
    }
    let refused = product.ask_after_the_end(async || caller.get("/api/v1/users/me").await).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
    assert_eq!(refresh(&user, &second.text("/refresh_token")).await.status, 401);
}

/// F3: a key works for a client program until it is revoked, within its scopes.
#[tokio::test]
async fn a_key_works_until_it_is_revoked() {
    let product = Product::start().await;
    let user = product.user().await;
    let made = user.post("/api/v1/auth/api-keys", &json!({ "name": "camera" })).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let program = user.with_token(&made.text("/key"));
    assert_eq!(program.detect(photo(), "image/png").await.status, 201);
    let minting = program.post("/api/v1/auth/api-keys", &json!({ "name": "another" })).await;
    assert_eq!(minting.refusal(), (403, "forbidden".into()));
    let header = product
        .stranger()
        .request(reqwest::Method::GET, "/api/v1/users/me")
        .header("x-api-key", made.text("/key"));
    assert_eq!(user.send(header).await.status, 200);
    let listed = user.get("/api/v1/auth/api-keys").await;
    assert_eq!(listed.json()["items"][0]["name"], "camera");
    assert!(!String::from_utf8(listed.body).unwrap().contains(&made.text("/key")));
    let path = format!("/api/v1/auth/api-keys/{}", made.text("/id"));
    assert_eq!(user.delete(&path).await.status, 204);
    let refused = product.ask_after_the_end(async || program.get("/api/v1/users/me").await).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
}

/// R1: who does not wait to be registered asks with the secret where it stands, through the gateway; nobody else may.
#[tokio::test]
async fn a_registration_may_be_waited_for_elsewhere() {
    let product = Product::start().await;
    let stranger = product.stranger();
    let body = json!({ "user_name": "ada", "email": "ada@example.org", "password": PASSWORD });
    let request = stranger.request(reqwest::Method::POST, "/api/v1/auth/register").json(&body);
    let queued = stranger.send(request.header("prefer", "respond-async")).await;
    assert_eq!(queued.status, 202, "{:?}", queued.json());
    let path = queued.headers["location"].to_str().unwrap().to_owned();
    let asker = stranger.with_token(&queued.text("/secret"));
    let done = loop {
        let answer = patiently(async || asker.get(&path).await).await;
        if answer.json()["status"] != "queued" && answer.json()["status"] != "processing" {
            break answer;
        }
    };
    assert_eq!(done.text("/status"), "completed", "{:?}", done.json());
    for other in [&stranger, &stranger.with_token("guessed")] {
        let refused = patiently(async || other.get(&path).await).await;
        assert_eq!(refused.refusal(), (404, "not-found".into()));
    }
    assert_eq!(patiently(async || asker.delete(&path).await).await.status, 204);
    assert_eq!(patiently(async || asker.get(&path).await).await.status, 404);
    assert_eq!(product.log_in("ada").await.user_name, "ada");
}
