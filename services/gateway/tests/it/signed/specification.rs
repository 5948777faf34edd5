//! K2, N8: nonces against their specification, which is a set: whatever clients, clocks and crashes do, in whatever order,
//! a key uses a nonce once. Several gateways share one database; on SQLite, where a process owns its file, there is one.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use http::StatusCode;
use proptest::{prelude::*, test_runner::Config};
use prosopa_http::signatures::Nonce;
use prosopa_testkit::TestHome;

use super::{Scene, THINGS, message::Message, signer};
use crate::harness::{Gateway, fast};

const GATEWAYS: usize = 2;
const KEYS: [&str; 3] = ["psa_hmac", "psa_other", "psa_pair"];

#[derive(Debug, Clone)]
enum Step {
    /// So many requests at once with one nonce, each by another gateway than the one before.
    Send { key: usize, nonce: u8, gateway: usize, count: usize },
    /// The clock goes on, or is set back by less than nonces are kept longer.
    Clock { seconds: i64 },
    /// A gateway dies without a word, and another takes its place.
    Crash { gateway: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let send = (0..KEYS.len(), 0..6_u8, 0..GATEWAYS, 1..5_usize)
        .prop_map(|(key, nonce, gateway, count)| Step::Send { key, nonce, gateway, count });
    let step = prop_oneof![
        8 => send,
        2 => (-60..60_i64).prop_map(|seconds| Step::Clock { seconds }),
        1 => (0..GATEWAYS).prop_map(|gateway| Step::Crash { gateway }),
    ];
    // Fewer than would move the clock so far that nonces are forgotten.
    proptest::collection::vec(step, 1..10)
}

struct World {
    home: TestHome,
    scenes: Vec<Option<Scene>>,
    /// Seconds since the beginning.
    passed: i64,
    used: HashSet<(usize, u8)>,
}

impl World {
    async fn new() -> Self {
        let home = TestHome::new();
        let count = if home.server_url("gateway").is_some() { GATEWAYS } else { 1 };
        let scenes = (0..count).map(|_| None).collect();
        let mut world = Self { home, scenes, passed: 0, used: HashSet::new() };
        for index in 0..count {
            world.start(index).await;
        }
        world
    }

    async fn start(&mut self, index: usize) {
        let scene = Scene::around(Gateway::start_in(self.home.path(), fast()).await);
        move_clock(&scene, self.passed);
        self.scenes[index] = Some(scene);
    }

    fn scene(&self, index: usize) -> &Scene {
        self.scenes[index % self.scenes.len()].as_ref().unwrap()
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Send { key, nonce, gateway, count } => {
                let calls = (0..count).map(|number| {
                    let scene = self.scene(gateway + number);
                    let message = Message::new("GET", &format!("{THINGS}?number={number}"));
                    let nonce = Nonce::from_bytes([nonce; 16]);
                    let message = message.sign(&signer(KEYS[key]), scene.now_s(), nonce);
                    async move { scene.send(&message).await.status }
                });
                let statuses = join_all(calls).await;
                let taken = statuses.iter().filter(|status| **status == StatusCode::OK).count();
                let refused = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
                let expected = usize::from(self.used.insert((key, nonce)));
                assert_eq!((taken, refused), (expected, count - expected), "{step:?}");
            }
            Step::Clock { seconds } => {
                self.passed += seconds;
                for scene in self.scenes.iter().flatten() {
                    move_clock(scene, seconds);
                }
            }
            Step::Crash { gateway } => {
                let index = gateway % self.scenes.len();
                self.scenes[index].take().unwrap().gateway.crash().await;
                self.start(index).await;
            }
        }
    }
}

fn move_clock(scene: &Scene, seconds: i64) {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { scene.gateway.clock.set_back(distance) } else { scene.gateway.clock.advance(distance) }
}

/// Databases are made for each case: a case takes longer on a server.
fn cases() -> u32 {
    if TestHome::new().server_url("gateway").is_some() { 8 } else { 24 }
}

proptest! {
    #![proptest_config(Config { cases: cases(), max_shrink_iters: 200, failure_persistence: None, ..Config::default() })]

    /// K2, N8: of all requests with one nonce of a key the first is taken, wherever the others come.
    #[test]
    fn a_key_uses_a_nonce_once(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.take(step).await;
            }
            for scene in world.scenes.drain(..).flatten() {
                scene.gateway.crash().await;
            }
        });
    }
}
