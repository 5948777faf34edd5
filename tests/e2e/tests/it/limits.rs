use futures::future::join_all;

use prosopa_harness::{Product, photo};
use serde_json::json;

const RELAXED_RATE: (&str, &str) = ("PROSOPA_GATEWAY__CALLER_RATE__BURST", "1000");

/// F5: the quota is exact under concurrent calls, says when it resets, and is seen in `users/me`.
#[tokio::test]
async fn the_quota_admits_exactly_its_limit() {
    let product =
        Product::start_with(&[("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "5"), RELAXED_RATE]).await;
    let user = product.user().await;
    let answers = join_all((0..12).map(|_| user.detect(photo(), "image/png"))).await;
    let admitted = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(admitted, 5);
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.refusal(), (429, "quota-exceeded".into()));
    assert_eq!((&refused.json()["window"], &refused.json()["limit"]), (&"day".into(), &5.into()));
    assert!(refused.text("/resets_at").ends_with("T00:00:00.000000Z"));
    assert!(refused.headers.contains_key("retry-after"));
    assert!(refused.headers["ratelimit"].to_str().unwrap().contains("r=0"));

    let me = user.get("/api/v1/users/me").await.json();
    let day = &me["quota"]["windows"][0];
    assert_eq!((&day["name"], &day["used"], &day["remaining"]), (&"day".into(), &5.into(), &0.into()));
    // Reading is not metered.
    assert_eq!(user.get("/api/v1/faces/detections").await.json()["items"].as_array().unwrap().len(), 5);
}

/// N8, S10: an administrator makes a plan and gives it to an account: it holds at once, and its consumer sees it.
#[tokio::test]
async fn a_plan_holds_for_who_has_it() {
    let product = Product::start().await;
    let (root, user) = (product.administrator().await, product.user().await);
    let window = json!({ "kind": "sliding", "seconds": 86_400 });
    let limits = json!([{ "meter": "images", "window": window, "limit": 2 }]);
    let plan = root.put("/api/v1/admin/quota-plans/two", &json!({ "limits": limits })).await;
    assert_eq!(plan.status, 200, "{}", plan.json());
    let account = user.get("/api/v1/users/me").await.text("/account_id");
    let path = format!("/api/v1/admin/quota-assignments/{account}");
    assert_eq!(root.put(&path, &json!({ "plan": "two" })).await.status, 200);
    for _ in 0..2 {
        assert_eq!(user.detect(photo(), "image/png").await.status, 201);
    }
    let refused = user.detect(photo(), "image/png").await;
    assert_eq!(refused.refusal(), (429, "quota-exceeded".into()));
    assert_eq!(refused.json()["meter"], "images");
    let quota = user.get("/api/v1/quota").await.json();
    assert_eq!((&quota["plan"], &quota["limits"][0]["remaining"]), (&"two".into(), &0.into()));
    assert_eq!(root.delete("/api/v1/admin/quota-plans/two").await.refusal().1, "plan-in-use");
    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(user.detect(photo(), "image/png").await.status, 201);
}

/// F5: pictures that cannot be read cost nothing.
#[tokio::test]
async fn a_bad_picture_costs_nothing() {
    let product = Product::start_with(&[("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "1")]).await;
    let user = product.user().await;
    for _ in 0..3 {
        assert_eq!(user.detect(b"not a picture".to_vec(), "image/png").await.status, 415);
    }
    assert_eq!(user.detect(photo(), "image/png").await.status, 201);
    assert_eq!(user.detect(photo(), "image/png").await.refusal(), (429, "quota-exceeded".into()));
}

/// F7: 10 requests a second with a burst of 20 by default.
#[tokio::test]
async fn requests_that_come_too_fast_are_held_back() {
    let product = Product::start().await;
    let user = product.user().await;
    let answers = join_all((0..60).map(|_| user.get("/api/v1/users/me"))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(admitted + refused.len(), 60);
    assert!((20..60).contains(&admitted), "{admitted}");
    assert_eq!(refused[0].refusal(), (429, "rate-limited".into()));
    assert!(refused[0].json()["retry_after_ms"].as_u64().unwrap() <= 6_000);
    assert_eq!(refused[0].headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap(), 1);
}

/// F5, N10: what was spent stays spent when the product is killed.
#[tokio::test]
async fn a_killed_product_remembers_the_quota() {
    let settings = [("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "2")];
    let product = Product::start_with(&settings).await;
    let user = product.user().await;
    assert_eq!(user.detect(photo(), "image/png").await.status, 201);
    let folder = product.folder();
    let name = user.user_name.clone();
    product.kill().await;
    let product = Product::start_again(folder).await;
    let user = product.log_in(&name).await;
    let me = user.get("/api/v1/users/me").await.json();
    assert_eq!(me["quota"]["windows"][0]["used"], 1);
}

/// N9, F5: a request that is sent again with its key is done and charged once.
#[tokio::test]
async fn a_repetition_costs_nothing() {
    let product = Product::start().await;
    let user = product.user().await;
    let send = async || {
        let request = user.request(reqwest::Method::POST, "/api/v1/faces/detections?min_face_px=40");
        let request = request.header("idempotency-key", "8e03978e-40d5-43e8-bc93-6894a57f9324");
        user.send(request.header("content-type", "image/png").body(photo())).await
    };
    let (first, again) = (send().await, send().await);
    assert_eq!((first.status, again.status), (201, 201), "{:?}", again.json());
    assert_eq!(first.text("/id"), again.text("/id"));
    let used = user.get("/api/v1/users/me").await.json()["quota"]["windows"][0]["used"].clone();
    assert_eq!(used, 1);
}
