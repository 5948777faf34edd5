//! The ledger against its specification: whatever callers, clocks, administrators and crashes do, in whatever order.
//!
//! The specification is a list of charges, each with the time it was made and whether it still stands. A call is admitted if
//! and only if the standing charges of its window leave room for it. Several gateways count in one database; on SQLite,
//! where a process owns its file, there is one. What was in hand when a gateway died stands: its caller was told nothing.

use std::time::Duration;

use http::StatusCode;
use proptest::{prelude::*, test_runner::Config};
use prosopa_model::{Principal, QuotaWindow, Timestamp, Zone};
use prosopa_testkit::TestHome;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::harness::{Call, Gateway, NOON, fast, user};

/// Requests of a calendar day, with any time zone, or of a sliding hour.
const LIMIT: u64 = 6;
const GATEWAYS: usize = 2;

#[derive(Debug, Clone)]
enum Step {
    /// A call that weighs 1 or 5, answered well or in vain.
    Call { gateway: usize, is_heavy: bool, is_worthless: bool },
    /// A call that is handed on and then waits for its answer.
    Begin { gateway: usize },
    /// The oldest of the calls that wait is answered in vain.
    Answer,
    /// The clock goes on, or is set back a little.
    Clock { seconds: i64 },
    /// A gateway dies without a word, and another takes its place.
    Crash { gateway: usize },
    /// A gateway ends in order, and another takes its place.
    Restart { gateway: usize },
    /// Another limit for everybody.
    Limit { limit: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gateway = 0..GATEWAYS;
    let call = (gateway.clone(), any::<bool>(), proptest::bool::weighted(0.3))
        .prop_map(|(gateway, is_heavy, is_worthless)| Step::Call { gateway, is_heavy, is_worthless });
    let step = prop_oneof![
        8 => call,
        2 => gateway.clone().prop_map(|gateway| Step::Begin { gateway }),
        2 => Just(Step::Answer),
        3 => (-3_600..30_000_i64).prop_map(|seconds| Step::Clock { seconds }),
        1 => gateway.clone().prop_map(|gateway| Step::Crash { gateway }),
        1 => gateway.prop_map(|gateway| Step::Restart { gateway }),
        1 => (0..12_u64).prop_map(|limit| Step::Limit { limit }),
    ];
    proptest::collection::vec(step, 1..40)
}

/// What was charged.
struct Charge {
    starts_at: Timestamp,
    weight: u64,
}

/// What the ledger has to do.
struct Specification {
    window: QuotaWindow,
    limit: u64,
    charges: Vec<Charge>,
    /// The latest beginning that was counted in: a clock that is set back goes on there.
    latest: Timestamp,
}

impl Specification {
    fn start(&self, now: Timestamp) -> Timestamp {
        self.window.around(now).0.max(self.latest)
    }

    fn used(&self, now: Timestamp) -> u64 {
        let start = self.start(now);
        let counts = |charge: &&Charge| {
            let ends_at = self.window.around(charge.starts_at).1.after(self.window.lasts());
            start < ends_at
        };
        self.charges.iter().filter(counts).map(|charge| charge.weight).sum()
    }

    /// Whether a call is admitted; charges it.
    fn admit(&mut self, now: Timestamp, weight: u64) -> bool {
        let is_admitted = self.used(now) + weight <= self.limit;
        if is_admitted {
            let starts_at = self.start(now);
            self.latest = starts_at;
            self.charges.push(Charge { starts_at, weight });
        }
        is_admitted
    }
}

struct World {
    home: TestHome,
    gateways: Vec<Option<Gateway>>,
    caller: Principal,
    now: Timestamp,
    specification: Specification,
    /// Calls that are handed on, with their gateway and the place of their charge; the gateway of some has died.
    waiting: Vec<(usize, usize, JoinHandle<StatusCode>)>,
}

impl World {
    async fn new(window: QuotaWindow, definition: &serde_json::Value) -> Self {
        let home = TestHome::new();
        let count = if home.server_url("gateway").is_some() { GATEWAYS } else { 1 };
        let limit = LIMIT;
        let specification = Specification { window, limit, charges: Vec::new(), latest: Timestamp::MIN };
        let (gateways, now) = ((0..count).map(|_| None).collect(), NOON.parse().unwrap());
        let mut world = Self { home, gateways, caller: user(), now, specification, waiting: Vec::new() };
        for index in 0..count {
            world.start(index).await;
        }
        let first = world.gateway(0);
        first.put("/api/v1/admin/quota-plans/own", &plan(definition, limit)).await;
        let assignment = format!("/api/v1/admin/quota-assignments/{}", world.caller.account_id);
        first.put(&assignment, &serde_json::json!({ "plan": "own" })).await;
        world.until_heard().await;
        world
    }

    async fn start(&mut self, index: usize) {
        let gateway = Gateway::start_in(self.home.path(), fast()).await;
        gateway.know("token", &self.caller);
        gateway.know("root", &Principal { role: prosopa_model::Role::Administrator, ..user() });
        gateway.clock.set(&self.now.to_string());
        self.gateways[index] = Some(gateway);
    }

    fn gateway(&self, index: usize) -> &Gateway {
        self.gateways[index % self.gateways.len()].as_ref().unwrap()
    }

    /// Until every gateway knows the limit that holds.
    async fn until_heard(&self) {
        for gateway in self.gateways.iter().flatten() {
            let is_so = async {
                loop {
                    let quota = gateway.send(Call::get("/api/v1/quota").bearer("token")).await.json();
                    if quota["plan"] == "own" && quota["limits"][0]["limit"] == self.specification.limit {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), is_so).await.expect("the plan is heard of");
        }
    }

    async fn take(&mut self, step: &Step, definition: &serde_json::Value) {
        match *step {
            Step::Call { gateway, is_heavy, is_worthless } => {
                let (path, weight) = match (is_heavy, is_worthless) {
                    (true, _) => ("/api/v1/things/bundles", 5),
                    (false, true) => ("/api/v1/answers/422", 1),
                    (false, false) => ("/api/v1/things", 1),
                };
                let answer = self.gateway(gateway).send(Call::post(path).bearer("token")).await;
                let is_admitted = self.specification.admit(self.now, weight);
                assert_eq!(answer.status != StatusCode::TOO_MANY_REQUESTS, is_admitted, "{step:?}");
                if is_admitted && is_worthless && !is_heavy {
                    self.specification.charges.pop();
                }
            }
            Step::Begin { gateway: index } => {
                let index = index % self.gateways.len();
                let gateway = self.gateway(index);
                let call = Call::post("/api/v1/late-refusals").bearer("token");
                let (router, arrived) = (gateway.router.clone(), gateway.probe.arrived.clone());
                let mut answer =
                    tokio::spawn(async move { router.oneshot(call.request).await.unwrap().status() });
                let is_handed_on = tokio::select! {
                    () = arrived.notified() => true,
                    status = &mut answer => {
                        assert_eq!(status.unwrap(), StatusCode::TOO_MANY_REQUESTS);
                        false
                    }
                };
                assert_eq!(self.specification.admit(self.now, 1), is_handed_on);
                if is_handed_on {
                    self.waiting.push((index, self.specification.charges.len() - 1, answer));
                }
            }
            Step::Answer => {
                let Some(place) = self.waiting.iter().position(|(index, ..)| *index != usize::MAX) else {
                    return;
                };
                let (index, charge, answer) = self.waiting.remove(place);
                self.gateway(index).probe.may_answer.notify_one();
                assert_eq!(answer.await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY);
                self.specification.charges[charge].weight = 0;
            }
            Step::Clock { seconds } => {
                let moved = self.now.micros() + seconds * 1_000_000;
                self.now = Timestamp::from_micros(moved);
                for gateway in self.gateways.iter().flatten() {
                    gateway.clock.set(&self.now.to_string());
                }
            }
            Step::Crash { gateway: index } => {
                let index = index % self.gateways.len();
                for (of, _, answer) in self.waiting.iter_mut().filter(|(of, ..)| *of == index) {
                    answer.abort();
                    *of = usize::MAX;
                }
                self.gateways[index].take().unwrap().crash().await;
                self.start(index).await;
            }
            Step::Restart { gateway: index } => {
                let index = index % self.gateways.len();
                if self.waiting.iter().any(|(of, ..)| *of == index) {
                    return;
                }
                self.gateways[index].take().unwrap().stop().await;
                self.start(index).await;
            }
            Step::Limit { limit } => {
                self.specification.limit = limit;
                self.gateway(0).put("/api/v1/admin/quota-plans/own", &plan(definition, limit)).await;
                self.until_heard().await;
            }
        }
        let shown = self.gateway(0).send(Call::get("/api/v1/quota").bearer("token")).await.json();
        assert_eq!(shown["limits"][0]["used"], self.specification.used(self.now), "after {step:?}");
    }
}

impl Gateway {
    async fn put(&self, path: &str, body: &serde_json::Value) {
        let call =
            Call::new(http::Method::PUT, path).bearer("root").header("content-type", "application/json");
        let answer = self.send(call.body(body.to_string())).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    }
}

fn plan(window: &serde_json::Value, limit: u64) -> serde_json::Value {
    serde_json::json!({ "limits": [{ "window": window, "limit": limit }] })
}

fn run(window: QuotaWindow, definition: &serde_json::Value, steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(window, definition).await;
        for step in steps {
            world.take(step, definition).await;
        }
        for gateway in world.gateways.drain(..).flatten() {
            gateway.crash().await;
        }
    });
}

/// Two gateways hear of each other's plans only now and then: a case takes longer on a server.
fn cases() -> u32 {
    if TestHome::new().server_url("gateway").is_some() { 8 } else { 32 }
}

proptest! {
    #![proptest_config(Config { cases: cases(), max_shrink_iters: 200, failure_persistence: None, ..Config::default() })]

    /// N8, F5: exactly what the limit leaves room for is admitted, in days of any time zone.
    #[test]
    fn calendar_quotas_are_exact(steps in steps(), zone in prop_oneof!["UTC", "Pacific/Apia", "America/Havana"]) {
        let window = QuotaWindow::Day(Zone::find(&zone).unwrap());
        run(window, &serde_json::json!({ "kind": "day", "time_zone": zone }), &steps);
    }

    /// N8, F5: the same in a sliding window.
    #[test]
    fn sliding_quotas_are_exact(steps in steps()) {
        let window = QuotaWindow::Sliding { seconds: 3_600 };
        run(window, &serde_json::json!({ "kind": "sliding", "seconds": 3_600 }), &steps);
    }
}
