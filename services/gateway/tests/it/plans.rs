//! Plans: who may define them, whom they hold for, what they count.

mod selection;

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use prosopa_gateway::{GatewayService, MIGRATIONS};
use prosopa_model::{Principal, Role, Scope, Scopes};
use prosopa_runtime::Service;
use prosopa_store::{Database, affected, on_db, query};
use prosopa_testkit::TestHome;
use serde_json::{Value, json};

use crate::harness::{Answer, Call, Gateway, fast, user};

const PLANS: &str = "/api/v1/admin/quota-plans";
const ASSIGNMENTS: &str = "/api/v1/admin/quota-assignments";

/// A plan with one limit.
fn plan_of(window: &Value, limit: u64) -> Value {
    json!({ "limits": [{ "window": window, "limit": limit }] })
}

fn per_day(limit: u64) -> Value {
    plan_of(&json!({ "kind": "day" }), limit)
}

impl Gateway {
    async fn start_with_administrator() -> Self {
        let gateway = Self::start(fast()).await;
        gateway.know_administrator();
        gateway
    }

    fn know_administrator(&self) {
        self.know("root", &Principal { role: Role::Administrator, ..user() });
    }

    /// Sends JSON as the administrator.
    async fn edit(&self, method: Method, path: &str, body: &Value) -> Answer {
        let call = Call::new(method, path).bearer("root").header("content-type", "application/json");
        self.send(call.body(body.to_string())).await
    }

    async fn put_plan(&self, name: &str, plan: &Value) {
        let answer = self.edit(Method::PUT, &format!("{PLANS}/{name}"), plan).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    }

    async fn assign(&self, subject: &str, assignment: &Value) {
        let answer = self.edit(Method::PUT, &format!("{ASSIGNMENTS}/{subject}"), assignment).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    }

    async fn look(&self, path: &str) -> Value {
        let answer = self.send(Call::get(path).bearer("root")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        answer.json()
    }

    async fn quota(&self, credential: &str) -> Value {
        let answer = self.send(Call::get("/api/v1/quota").bearer(credential)).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.json()
    }

    /// A gateway and a caller, known as `token`, whose account has this plan.
    async fn start_with_plan(plan: &Value) -> (Self, Principal) {
        let gateway = Self::start_with_administrator().await;
        let caller = user();
        gateway.know("token", &caller);
        gateway.put_plan("own", plan).await;
        gateway.assign(&caller.account_id.to_string(), &json!({ "plan": "own" })).await;
        (gateway, caller)
    }

    /// How many calls are admitted until one is refused.
    async fn spend_all(&self, credential: &str) -> u64 {
        for count in 0.. {
            let answer = self.spend(credential).await;
            if answer.status != StatusCode::CREATED {
                answer.expect_problem(429, "quota-exceeded");
                return count;
            }
        }
        0
    }
}

/// N8, S10: the consumer sees its plan, its use and when it resets.
#[tokio::test]
async fn a_caller_sees_its_quota() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    gateway.spend("token").await;
    let quota = gateway.quota("token").await;
    assert_eq!(quota["plan"], "default");
    let day = json!({
        "name": "day", "meter": "requests", "mode": "enforce", "limit": 100, "used": 1, "remaining": 99,
        "resets_at": "2026-03-11T00:00:00.000000Z",
    });
    assert_eq!(quota["limits"][0], day);
    assert_eq!(quota["limits"][1]["name"], "month");
    assert_eq!(quota["limits"][1]["resets_at"], "2026-04-01T00:00:00.000000Z");
}

/// N8: a plan is made, read, replaced, listed and deleted.
#[tokio::test]
async fn plans_are_kept_as_they_are_written() {
    let gateway = Gateway::start_with_administrator().await;
    let plan = json!({
        "description": "For teams",
        "limits": [
            { "meter": "requests", "window": { "kind": "month", "time_zone": "Europe/Berlin" }, "limit": 9, "mode": "enforce",
              "weights": { "things_create_thing": 2 } },
            { "meter": "images", "window": { "kind": "sliding", "seconds": 3600 }, "limit": 5, "mode": "shadow" },
            { "meter": "bytes", "window": { "kind": "billing_month", "anchor": "2026-01-31T00:00:00.000000Z" }, "limit": 7,
              "mode": "enforce" },
        ],
        "rate": { "requests_per_second": 50, "burst": 70 },
        "on_loss": "allow",
    });
    gateway.put_plan("team", &plan).await;
    let shown = gateway.look(&format!("{PLANS}/team")).await;
    for (member, value) in plan.as_object().unwrap() {
        assert_eq!(&shown[member], value, "{member}");
    }
    assert_eq!(
        (&shown["managed_by"], &shown["updated_at"]),
        (&json!("api"), &json!("2026-03-10T12:00:00.000000Z"))
    );
    gateway.put_plan("team", &per_day(3)).await;
    let list = gateway.look(PLANS).await;
    let names: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|plan| &plan["name"]).collect();
    assert_eq!(names, ["default", "team"]);
    assert_eq!(list["items"][0]["managed_by"], "configuration");
    assert_eq!(list["items"][0]["limits"][0]["limit"], 100);
    assert_eq!(list["items"][1]["limits"].as_array().unwrap().len(), 1);
    let path = format!("{PLANS}/team");
    assert_eq!(gateway.edit(Method::DELETE, &path, &Value::Null).await.status, StatusCode::NO_CONTENT);
    gateway.edit(Method::DELETE, &path, &Value::Null).await.expect_problem(404, "not-found");
    gateway.edit(Method::GET, &path, &Value::Null).await.expect_problem(404, "not-found");
}

/// N8: what makes no sense is told apart, each by its pointer.
#[tokio::test]
async fn plans_that_make_no_sense_are_refused() {
    let gateway = Gateway::start_with_administrator().await;
    let limit = |window: Value| json!({ "limits": [{ "window": window, "limit": 1 }] });
    let day = json!({ "kind": "day" });
    for (plan, pointer) in [
        (json!({ "limits": [] }), "/limits"),
        (json!({ "limits": vec![json!({ "window": day, "limit": 1 }); 9] }), "/limits"),
        (limit(json!({ "kind": "day", "time_zone": "Mars/Olympus" })), "/limits/0/window/time_zone"),
        (limit(json!({ "kind": "sliding", "seconds": 0 })), "/limits/0/window/seconds"),
        (limit(json!({ "kind": "sliding", "seconds": 2_678_401 })), "/limits/0/window/seconds"),
        (json!({ "limits": [{ "window": day, "limit": u64::MAX }] }), "/limits/0/limit"),
        (
            json!({ "limits": [{ "window": day, "limit": 1 }, { "window": day, "limit": 2 }] }),
            "/limits/1/window",
        ),
        (
            json!({ "limits": [{ "window": day, "limit": 1, "weights": { "no/such": 1 } }] }),
            "/limits/0/weights/no~1such",
        ),
        (
            json!({ "limits": [{ "window": day, "limit": 1, "weights": { "things_panic": 1_001 } }] }),
            "/limits/0/weights/things_panic",
        ),
        (
            json!({ "limits": [{ "window": day, "limit": 1 }], "rate": { "requests_per_second": 0, "burst": 1 } }),
            "/rate/requests_per_second",
        ),
        (
            json!({ "limits": [{ "window": day, "limit": 1 }], "description": "x".repeat(501) }),
            "/description",
        ),
        (json!({ "limits": [{ "window": day, "limit": 1 }], "colour": 1 }), "/colour"),
        (json!({ "limits": [{ "window": day, "limit": 1, "meter": "miles" }] }), "/limits/0/meter"),
        (json!({ "limits": [{ "window": day, "limit": -1 }] }), "/limits/0/limit"),
    ] {
        let answer = gateway.edit(Method::PUT, &format!("{PLANS}/p"), &plan).await;
        let problem = answer.expect_problem(422, "validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for name in ["Team", "-a", "a-", "a_b", &"a".repeat(64)] {
        let answer = gateway.edit(Method::PUT, &format!("{PLANS}/{name}"), &per_day(1)).await;
        answer.expect_problem(422, "validation-failed");
    }
    let list = gateway.look(PLANS).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "nothing was kept");
}

/// N8: what is in use or made by the configuration stays.
#[tokio::test]
async fn plans_in_use_and_the_default_one_are_not_deleted() {
    let (gateway, caller) = Gateway::start_with_plan(&per_day(1)).await;
    let own = format!("{PLANS}/own");
    let problem = gateway.edit(Method::DELETE, &own, &Value::Null).await.expect_problem(409, "plan-in-use");
    assert_eq!(problem["assignments"], 1);
    let default = format!("{PLANS}/default");
    gateway.edit(Method::DELETE, &default, &Value::Null).await.expect_problem(409, "plan-read-only");
    gateway.edit(Method::PUT, &default, &per_day(1)).await.expect_problem(409, "plan-read-only");
    let assignment = format!("{ASSIGNMENTS}/{}", caller.account_id);
    let shown = gateway.look(&assignment).await;
    assert_eq!((&shown["plan"], &shown["subject"]), (&json!("own"), &json!(caller.account_id.to_string())));
    assert_eq!(gateway.look(&format!("{ASSIGNMENTS}?plan=own")).await["items"][0], shown);
    assert_eq!(gateway.look(&format!("{ASSIGNMENTS}?plan=other")).await["items"], json!([]));
    assert_eq!(gateway.edit(Method::DELETE, &assignment, &Value::Null).await.status, StatusCode::NO_CONTENT);
    gateway.edit(Method::DELETE, &assignment, &Value::Null).await.expect_problem(404, "not-found");
    gateway.edit(Method::GET, &assignment, &Value::Null).await.expect_problem(404, "not-found");
    assert_eq!(gateway.edit(Method::DELETE, &own, &Value::Null).await.status, StatusCode::NO_CONTENT);
    let unknown = gateway.edit(Method::PUT, &assignment, &json!({ "plan": "own" })).await;
    assert_eq!(unknown.expect_problem(422, "validation-failed")["errors"][0]["pointer"], "/plan");
    let nobody =
        gateway.edit(Method::PUT, &format!("{ASSIGNMENTS}/img_x"), &json!({ "plan": "default" })).await;
    nobody.expect_problem(404, "not-found");
}

/// N8: only administrators with the scope.
#[tokio::test]
async fn only_administrators_change_plans() {
    let gateway = Gateway::start_with_administrator().await;
    gateway.know("user", &user());
    let scopes: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    gateway.know("narrow", &Principal { role: Role::Administrator, scopes, ..user() });
    let assignment = format!("{ASSIGNMENTS}/{}", user().account_id);
    for (method, path) in [
        (Method::GET, PLANS),
        (Method::GET, "/api/v1/admin/quota-plans/default"),
        (Method::PUT, "/api/v1/admin/quota-plans/p"),
        (Method::DELETE, "/api/v1/admin/quota-plans/p"),
        (Method::GET, ASSIGNMENTS),
        (Method::GET, &assignment),
        (Method::PUT, &assignment),
        (Method::DELETE, &assignment),
    ] {
        for credential in ["user", "narrow"] {
            let answer = gateway.send(Call::new(method.clone(), path).bearer(credential)).await;
            answer.expect_problem(403, "forbidden");
        }
        gateway.send(Call::new(method, path)).await.expect_problem(401, "unauthenticated");
    }
}

/// N8: another plan gives no second quota for the same window.
#[tokio::test]
async fn what_is_spent_stays_spent_under_another_plan() {
    let (gateway, _) = Gateway::start_with_plan(&per_day(2)).await;
    assert_eq!(gateway.spend_all("token").await, 2);
    gateway.put_plan("own", &per_day(5)).await;
    assert_eq!(gateway.spend_all("token").await, 3);
    gateway.put_plan("own", &per_day(1)).await;
    assert_eq!(gateway.spend_all("token").await, 0);
    let quota = gateway.quota("token").await;
    assert_eq!((&quota["limits"][0]["used"], &quota["limits"][0]["remaining"]), (&json!(5), &json!(0)));
}

/// N8: days of a time zone; NOON is 21:00 in Tokyo.
#[tokio::test]
async fn days_end_at_the_midnight_of_their_time_zone() {
    let window = json!({ "kind": "day", "time_zone": "Asia/Tokyo" });
    let (gateway, _) = Gateway::start_with_plan(&plan_of(&window, 1)).await;
    assert_eq!(gateway.spend_all("token").await, 1);
    let refused = gateway.spend("token").await.expect_problem(429, "quota-exceeded");
    assert_eq!(refused["resets_at"], "2026-03-10T15:00:00.000000Z");
    gateway.clock.set("2026-03-10T14:59:59.999999Z");
    assert_eq!(gateway.spend_all("token").await, 0);
    gateway.clock.set("2026-03-10T15:00:00Z");
    assert_eq!(gateway.spend_all("token").await, 1);
}

/// N8: billing months begin at the anchor of each assignment.
#[tokio::test]
async fn billing_months_begin_at_the_anchor() {
    let (gateway, caller) = Gateway::start_with_plan(&plan_of(&json!({ "kind": "billing_month" }), 1)).await;
    let resets_at = async || gateway.quota("token").await["limits"][0]["resets_at"].clone();
    assert_eq!(resets_at().await, "2026-04-10T12:00:00.000000Z", "it was assigned now");
    let assignment = json!({ "plan": "own", "billing_anchor": "2025-12-31T06:00:00Z" });
    gateway.assign(&caller.account_id.to_string(), &assignment).await;
    assert_eq!(resets_at().await, "2026-03-31T06:00:00.000000Z");
    assert_eq!(gateway.spend_all("token").await, 1);
    gateway.clock.set("2026-03-31T06:00:00Z");
    assert_eq!(resets_at().await, "2026-04-30T06:00:00.000000Z", "April has no 31st");
    assert_eq!(gateway.spend_all("token").await, 1);
}

/// N8: a sliding window gives back what is older than it, by and by, and never too early.
#[tokio::test]
async fn sliding_windows_reopen_by_and_by() {
    let window = json!({ "kind": "sliding", "seconds": 3600 });
    let (gateway, _) = Gateway::start_with_plan(&plan_of(&window, 3)).await;
    gateway.spend("token").await;
    gateway.clock.set("2026-03-10T12:30:00Z");
    assert_eq!(gateway.spend_all("token").await, 2);
    let refused = gateway.spend("token").await;
    assert!(refused.header("ratelimit-policy").ends_with("\"sliding_3600\";q=3;w=3600"));
    let problem = refused.expect_problem(429, "quota-exceeded");
    assert_eq!(problem["resets_at"], "2026-03-10T13:01:00.000000Z");
    gateway.clock.set("2026-03-10T13:00:59.999999Z");
    assert_eq!(gateway.spend_all("token").await, 0);
    gateway.clock.set("2026-03-10T13:01:00Z");
    assert_eq!(gateway.spend_all("token").await, 1);
    gateway.clock.set("2026-03-10T13:31:00Z");
    assert_eq!(gateway.spend_all("token").await, 2);
}

/// N8: a limit in shadow mode counts and reports, and refuses nobody.
#[tokio::test]
async fn shadow_limits_refuse_nobody() {
    let limits = json!([
        { "window": { "kind": "day" }, "limit": 1, "mode": "shadow" },
        { "window": { "kind": "month" }, "limit": 3 },
    ]);
    let (gateway, _) = Gateway::start_with_plan(&json!({ "limits": limits })).await;
    let answer = gateway.spend("token").await;
    assert!(!answer.header("ratelimit").contains("day"), "{}", answer.header("ratelimit"));
    assert_eq!(gateway.spend_all("token").await, 2);
    let quota = gateway.quota("token").await;
    assert_eq!((&quota["limits"][0]["used"], &quota["limits"][0]["mode"]), (&json!(3), &json!("shadow")));
    let metrics = gateway.platform.metrics.render();
    let line = "prosopa_gateway_shadow_refusals_total{limit=\"day\",plan=\"own\"} 2";
    assert!(metrics.contains(line), "{metrics}");
}

/// N8: operations weigh differently where a plan says so.
#[tokio::test]
async fn operations_weigh_what_the_plan_says() {
    let weights = json!({ "things_create_thing": 3, "things_answer_with": 0 });
    let plan = json!({ "limits": [{ "window": { "kind": "day" }, "limit": 7, "weights": weights }] });
    let (gateway, _) = Gateway::start_with_plan(&plan).await;
    assert_eq!(gateway.spend_all("token").await, 2);
    let free = gateway.send(Call::post("/api/v1/answers/200").bearer("token")).await;
    assert_eq!(free.status, StatusCode::OK);
    assert_eq!(gateway.quota("token").await["limits"][0]["used"], 6);
}

/// N8: other meters count beside requests; of bytes, those that were read, also where none were declared.
#[tokio::test]
async fn every_meter_counts_its_own() {
    let limits = json!([
        { "meter": "images", "window": { "kind": "day" }, "limit": 7 },
        { "meter": "bytes", "window": { "kind": "day" }, "limit": 100 },
    ]);
    let (gateway, _) = Gateway::start_with_plan(&json!({ "limits": limits })).await;
    let used = async || {
        let quota = gateway.quota("token").await;
        [0, 1].map(|index| quota["limits"][index]["used"].as_u64().unwrap())
    };
    let declared = Call::post("/api/v1/things").bearer("token").body("x".repeat(30));
    assert_eq!(gateway.send(declared).await.status, StatusCode::CREATED);
    assert_eq!(used().await, [0, 30]);
    let chunks = futures::stream::iter([Ok::<_, std::io::Error>("12345"), Ok("6789")]);
    let streamed = Call::post("/api/v1/things").bearer("token").body(axum::body::Body::from_stream(chunks));
    assert_eq!(gateway.send(streamed).await.status, StatusCode::CREATED);
    assert_eq!(used().await, [0, 39], "64 bytes were reserved, 9 came");
    let large = Call::post("/api/v1/things").bearer("token").body("x".repeat(62));
    let problem = gateway.send(large).await.expect_problem(429, "quota-exceeded");
    assert_eq!((&problem["window"], &problem["meter"]), (&json!("bytes_day"), &json!("bytes")));
    for _ in 0..2 {
        assert_eq!(gateway.send(Call::post("/api/v1/things/bundles").bearer("token")).await.status, 201);
    }
    assert_eq!(used().await, [6, 39]);
    let problem = gateway.send(Call::post("/api/v1/things/bundles").bearer("token")).await;
    assert_eq!(problem.expect_problem(429, "quota-exceeded")["window"], "images_day");
}

/// F7: the rate belongs to the plan.
#[tokio::test]
async fn plans_have_rates_of_their_own() {
    let mut plan = per_day(100);
    plan["rate"] = json!({ "requests_per_second": 1, "burst": 2 });
    let (gateway, _) = Gateway::start_with_plan(&plan).await;
    for _ in 0..2 {
        assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    }
    gateway.spend("token").await.expect_problem(429, "rate-limited");
    gateway.monotonic.advance(Duration::from_secs(1));
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    gateway.spend("token").await.expect_problem(429, "rate-limited");
    plan["rate"] = json!({ "requests_per_second": 1_000, "burst": 1_000 });
    gateway.put_plan("own", &plan).await;
    gateway.monotonic.advance(Duration::from_millis(1));
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED, "a new rate holds at once");
}

/// F5, N8: each plan says what holds while nobody can count.
#[tokio::test]
async fn plans_decide_what_a_lost_ledger_means() {
    let mut plan = per_day(1);
    plan["on_loss"] = json!("allow");
    let (gateway, _) = Gateway::start_with_plan(&plan).await;
    gateway.know("other", &user());
    let options = gateway.platform.database_options(GatewayService::NAME).unwrap();
    let database = Database::open(&options, MIGRATIONS).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    let rename = "ALTER TABLE quota_counters RENAME TO lost";
    on_db!(tx, c => query(rename).execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    for _ in 0..3 {
        assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    }
    gateway.spend("other").await.expect_problem(503, "unavailable");
    let look = gateway.send(Call::get("/api/v1/quota").bearer("token")).await;
    look.expect_problem(503, "unavailable");
    database.close().await;
}

/// N8: what one process is told holds in every other within a second, and after a restart.
#[tokio::test]
async fn plans_reach_every_process() {
    let home = TestHome::new();
    let one = Gateway::start_in(home.path(), fast()).await;
    let other = Gateway::start_in(home.path(), fast()).await;
    let caller = user();
    one.know_administrator();
    for gateway in [&one, &other] {
        gateway.know("token", &caller);
    }
    let heard = async |plan: &str, limit: u64| {
        let is_so = async {
            loop {
                let quota = other.quota("token").await;
                if quota["plan"] == plan && quota["limits"][0]["limit"] == limit {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        // Much longer than the second that is promised: machines may be slow.
        tokio::time::timeout(Duration::from_secs(20), is_so).await.expect("it is heard of");
    };
    one.put_plan("own", &per_day(7)).await;
    one.assign(&caller.account_id.to_string(), &json!({ "plan": "own" })).await;
    heard("own", 7).await;
    one.put_plan("own", &per_day(8)).await;
    heard("own", 8).await;
    let mut plan = per_day(8);
    let mut prompt = 0;
    for burst in 999_991..=999_995 {
        plan["rate"] = json!({ "requests_per_second": 1_000_000, "burst": burst });
        one.put_plan("own", &plan).await;
        let changed = Instant::now();
        let is_so = async { while other.quota("token").await["rate"]["burst"] != burst {} };
        tokio::time::timeout(Duration::from_secs(20), is_so).await.expect("it is heard of");
        prompt += usize::from(changed.elapsed() < Duration::from_secs(1));
    }
    assert!(prompt >= 3, "a rate holds within a second elsewhere: {prompt} of 5");
    let third = Gateway::start_in(home.path(), fast()).await;
    third.know("token", &caller);
    assert_eq!(third.quota("token").await["limits"][0]["limit"], 8);
    let assignment = format!("{ASSIGNMENTS}/{}", caller.account_id);
    one.edit(Method::DELETE, &assignment, &Value::Null).await;
    heard("default", 100).await;
}

/// N8: counts of the schema before there were plans are carried over.
#[tokio::test]
async fn old_counts_are_carried_over() {
    let home = TestHome::new();
    let caller = user();
    let database = Database::open(&home.options("gateway"), &MIGRATIONS[..1]).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    let insert = "INSERT INTO quota_usage (account_id, window_name, starts_at, used) VALUES ($1, $2, $3, $4)";
    for (window, start, used) in
        [("day", "2026-03-10T00:00:00Z", 41_i64), ("month", "2026-03-01T00:00:00Z", 77)]
    {
        let start: prosopa_model::Timestamp = start.parse().unwrap();
        on_db!(tx, c => query(insert)
            .bind(caller.account_id.uuid())
            .bind(window)
            .bind(start.micros())
            .bind(used)
            .execute(c)
            .await
            .map(affected))
        .unwrap();
    }
    tx.commit().await.unwrap();
    database.close().await;
    let gateway = Gateway::start_in(home.path(), fast()).await;
    gateway.know("token", &caller);
    assert_eq!(gateway.used("token").await, (41, 77));
}
