use std::sync::Arc;

use http::StatusCode;
use prosopa_gateway::{Config, Plan};
use prosopa_model::QuotaSnapshot;
use prosopa_testkit::TestHome;

use crate::harness::{Call, Gateway, fast, user, with_key};

fn plan(requests_per_day: u64, requests_per_month: u64) -> Config {
    Config { plan: Plan { name: "small".into(), requests_per_day, requests_per_month }, ..fast() }
}

/// F5: the hundredth and no further, told when it resets.
#[tokio::test]
async fn the_quota_of_the_day_is_exact() {
    let gateway = Gateway::start(plan(3, 100)).await;
    gateway.know("token", &user());
    for left in [2, 1, 0] {
        let answer = gateway.spend("token").await;
        assert_eq!(answer.status, StatusCode::CREATED);
        let shown = format!("\"day\";r={left};t=43200, \"month\";r={};t=1857600", 97 + left);
        assert!(answer.header("ratelimit").ends_with(&shown), "{}", answer.header("ratelimit"));
    }
    let refused = gateway.spend("token").await;
    let problem = refused.expect_problem(429, "quota-exceeded");
    assert_eq!(problem["window"], "day");
    assert_eq!(problem["limit"], 3);
    assert_eq!(problem["resets_at"], "2026-03-11T00:00:00.000000Z");
    assert_eq!(problem["retry_after_ms"], 43_200_000);
    assert_eq!(refused.header("retry-after"), "43200");
    assert!(refused.header("ratelimit").ends_with("\"day\";r=0;t=43200, \"month\";r=97;t=1857600"));
    assert!(refused.header("ratelimit-policy").ends_with("\"day\";q=3;w=86400, \"month\";q=100;w=2678400"));
}

/// F5: an exhausted month is named, since waiting for tomorrow would not help.
#[tokio::test]
async fn the_month_is_named_when_both_are_used_up() {
    let gateway = Gateway::start(plan(2, 2)).await;
    gateway.know("token", &user());
    for _ in 0..2 {
        assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    }
    let problem = gateway.spend("token").await.expect_problem(429, "quota-exceeded");
    assert_eq!(problem["window"], "month");
    assert_eq!(problem["resets_at"], "2026-04-01T00:00:00.000000Z");
}

/// F5: exact under concurrency, whichever credential of the account is used.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_thousand_at_once_get_exactly_their_hundred() {
    let gateway = Arc::new(Gateway::start(plan(100, 2_000)).await);
    let person = user();
    gateway.know("session", &person);
    gateway.know("key", &with_key(&person));
    gateway.know("other", &user());
    let calls = (0..2_000).map(|index| {
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move { gateway.spend(if index % 2 == 0 { "session" } else { "key" }).await })
    });
    let mut admitted = 0;
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.unwrap();
        if answer.status == StatusCode::CREATED {
            admitted += 1;
        } else {
            answer.expect_problem(429, "quota-exceeded");
        }
    }
    assert_eq!(admitted, 100);
    assert_eq!(gateway.used("key").await, (100, 100));
    assert_eq!(gateway.used("other").await, (0, 0), "other accounts are unaffected");
    assert_eq!(gateway.spend("other").await.status, StatusCode::CREATED);
}

/// N8: two processes that count in one server's database admit exactly the limit together, and know it of each other. On
/// SQLite there is one process.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_at_once_give_exactly_a_hundred() {
    let home = TestHome::new();
    let one = Arc::new(Gateway::start_in(home.path(), plan(100, 2_000)).await);
    if home.server_url("gateway").is_none() {
        return;
    }
    let other = Arc::new(Gateway::start_in(home.path(), plan(100, 2_000)).await);
    let person = user();
    for gateway in [&one, &other] {
        gateway.know("session", &person);
    }
    let mut admitted = 0;
    // Two at a time meet most often; then many, as in life.
    for calls in std::iter::repeat_n(2, 60).chain([2_000]) {
        let calls = (0..calls).map(|index| {
            let gateway = Arc::clone(if index % 2 == 0 { &one } else { &other });
            tokio::spawn(async move { gateway.spend("session").await.status })
        });
        for call in calls.collect::<Vec<_>>() {
            admitted += usize::from(call.await.unwrap() == StatusCode::CREATED);
        }
    }
    assert_eq!(admitted, 100);
    assert_eq!(one.used("session").await, (100, 100));
    assert_eq!(other.used("session").await, (100, 100));
}

/// F5: a new day begins empty, the month goes on.
#[tokio::test]
async fn the_day_rolls_over_at_midnight() {
    let gateway = Gateway::start(plan(2, 3)).await;
    gateway.know("token", &user());
    gateway.spend("token").await;
    gateway.spend("token").await;
    gateway.clock.set("2026-03-10T23:59:59.999999Z");
    gateway.spend("token").await.expect_problem(429, "quota-exceeded");
    gateway.clock.set("2026-03-11T00:00:00Z");
    assert_eq!(gateway.used("token").await, (0, 2));
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    assert_eq!(gateway.spend("token").await.expect_problem(429, "quota-exceeded")["window"], "month");
    gateway.clock.set("2026-04-01T00:00:00Z");
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    assert_eq!(gateway.used("token").await, (1, 1));
}

/// A clock that is set back over midnight gives nobody a second quota.
#[tokio::test]
async fn a_clock_set_back_gives_no_second_quota() {
    let gateway = Gateway::start(plan(1, 100)).await;
    gateway.know("token", &user());
    gateway.clock.set("2026-03-11T00:00:01Z");
    gateway.spend("token").await;
    gateway.clock.set("2026-03-10T23:59:59Z");
    gateway.spend("token").await.expect_problem(429, "quota-exceeded");
}

/// A clock that once was years ahead does not hold quotas until then, neither in memory nor on disk.
#[tokio::test]
async fn a_clock_that_was_far_ahead_holds_no_quota() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = Gateway::start_in(dir.path(), plan(1, 100)).await;
    let caller = user();
    gateway.know("token", &caller);
    gateway.clock.set("2031-07-01T00:00:00Z");
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    gateway.stop().await;
    let gateway = Gateway::start_in(dir.path(), plan(1, 100)).await;
    gateway.know("token", &caller);
    assert_eq!(gateway.used("token").await, (0, 0));
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    let problem = gateway.spend("token").await.expect_problem(429, "quota-exceeded");
    assert_eq!(problem["resets_at"], "2026-03-11T00:00:00.000000Z");
    gateway.clock.set("2031-07-01T00:00:00Z");
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    gateway.clock.set("2026-03-11T12:00:00Z");
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    assert_eq!(gateway.used("token").await, (1, 1));
}

#[tokio::test]
async fn an_operation_costs_its_weight_or_nothing() {
    let gateway = Gateway::start(plan(7, 100)).await;
    gateway.know("token", &user());
    let bundle = || Call::post("/api/v1/things/bundles").bearer("token");
    assert_eq!(gateway.send(bundle()).await.status, StatusCode::CREATED);
    gateway.send(bundle()).await.expect_problem(429, "quota-exceeded");
    assert_eq!(gateway.used("token").await, (5, 5));
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
}

/// F1: the quota and its use are with the principal, on metered operations and on others.
#[tokio::test]
async fn services_see_the_quota_and_its_use() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let spent = gateway.spend("token").await.json();
    let looked = gateway.send(Call::get("/api/v1/things").bearer("token")).await.json();
    assert_eq!(spent["quota"], looked["quota"]);
    let snapshot: QuotaSnapshot = serde_json::from_value(looked["quota"].clone()).unwrap();
    assert_eq!(snapshot.plan, "default");
    let windows: Vec<_> = snapshot
        .windows
        .iter()
        .map(|window| (window.name.as_str(), window.limit, window.used, window.resets_at.to_string()))
        .collect();
    assert_eq!(windows[0], ("day", 100, 1, "2026-03-11T00:00:00.000000Z".to_owned()));
    assert_eq!(windows[1], ("month", 2_000, 1, "2026-04-01T00:00:00.000000Z".to_owned()));
}

/// F1: a granted quota replaces the plan's.
#[tokio::test]
async fn a_granted_quota_applies() {
    let gateway = Gateway::start(plan(100, 2_000)).await;
    let mut small = user();
    small.requests_per_day_max = Some(1);
    gateway.know("small", &small);
    let mut large = user();
    large.requests_per_day_max = Some(500);
    gateway.know("large", &large);
    assert_eq!(gateway.spend("small").await.status, StatusCode::CREATED);
    assert_eq!(gateway.spend("small").await.expect_problem(429, "quota-exceeded")["limit"], 1);
    let policy = gateway.spend("large").await;
    assert!(
        policy.header("ratelimit-policy").ends_with("\"day\";q=500;w=86400, \"month\";q=10000;w=2678400")
    );
}

/// Reading is not metered, also when nothing is left.
#[tokio::test]
async fn reading_goes_on_when_the_quota_is_used_up() {
    let gateway = Gateway::start(plan(1, 1)).await;
    gateway.know("token", &user());
    gateway.spend("token").await;
    gateway.spend("token").await.expect_problem(429, "quota-exceeded");
    assert_eq!(gateway.used("token").await, (1, 1));
}

/// Reservations that wait for the same disk share its next transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_reservations_share_transactions() {
    let gateway = Arc::new(Gateway::start(plan(5_000, 5_000)).await);
    let tokens: Vec<String> = (0..10).map(|index| format!("token-{index}")).collect();
    for token in &tokens {
        gateway.know(token, &user());
    }
    let calls = (0..2_000).map(|index| {
        let (gateway, token) = (Arc::clone(&gateway), tokens[index % tokens.len()].clone());
        tokio::spawn(async move { gateway.spend(&token).await.status })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), StatusCode::CREATED);
    }
    for token in &tokens {
        assert_eq!(gateway.used(token).await, (200, 200));
    }
    let metrics = gateway.platform.metrics.render();
    let line = metrics.lines().find(|line| line.starts_with("prosopa_gateway_ledger_transactions_total"));
    let transactions: u64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    println!("2000 reservations in {transactions} transactions");
    assert!(transactions < 500, "{transactions}");
}
