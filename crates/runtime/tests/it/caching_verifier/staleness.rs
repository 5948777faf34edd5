//! How old an answer may be, whatever happens in which order.

use std::{sync::atomic::Ordering, time::Duration};

use proptest::{prelude::*, test_runner::TestCaseError};
use tokio::{
    task::JoinHandle,
    time::{Instant, advance},
};

use prosopa_contract::verifier::Verifier;

use super::{Auth, Gateway, pass, settle};

const USERS: usize = 3;

/// What is refused a second after it has ended is refused in time.
const STALE_MAX: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Time passes, milliseconds.
    Pass(u64),
    /// A user is changed.
    Change(usize),
    /// Somebody comes with a user's credential.
    Ask(usize),
    /// Answers may leave.
    Release(usize),
    /// From now on answers wait to be released, or do not.
    Hold(bool),
    /// From now on questions about changes stay unanswered, or do not.
    Silence(bool),
    /// How long the answers to those are under way, milliseconds.
    Delay(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u64..400).prop_map(Step::Pass),
        3 => (0..USERS).prop_map(Step::Change),
        8 => (0..USERS).prop_map(Step::Ask),
        2 => (1_usize..4).prop_map(Step::Release),
        1 => any::<bool>().prop_map(Step::Hold),
        1 => any::<bool>().prop_map(Step::Silence),
        1 => prop_oneof![Just(0), 0_u64..900].prop_map(Step::Delay),
    ];
    proptest::collection::vec(step, 1..80)
}

/// Somebody who came, and the oldest version that may be told.
struct Request {
    oldest: u64,
    answer: JoinHandle<u64>,
}

/// What was true of the users, and when.
struct History(Vec<(Instant, [u64; USERS])>);

impl History {
    fn note(&mut self, auth: &Auth) {
        self.0.push((Instant::now(), std::array::from_fn(|user| auth.version(user))));
    }

    /// The version of a user at this age.
    fn version(&self, user: usize, age: Duration) -> u64 {
        let now = Instant::now();
        let then = self.0.iter().rev().find(|(at, _)| now.duration_since(*at) >= age);
        then.map_or(0, |(_, versions)| versions[user])
    }
}

async fn play(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let auth = Auth::new(USERS);
    let gateway = Gateway::start(auth.clone()).await;
    let mut history = History(Vec::new());
    let mut requests = Vec::new();
    let mut is_held = false;
    history.note(&auth);
    for step in steps {
        match step {
            Step::Pass(ms) => advance(Duration::from_millis(ms)).await,
            Step::Change(user) => {
                auth.change(user, |principal| principal.user_id.uuid());
                history.note(&auth);
            }
            Step::Ask(user) => {
                let oldest = history.version(user, STALE_MAX);
                requests.push(Request { oldest, answer: gateway.spawn_version(user).await });
            }
            Step::Release(answers) if is_held => auth.release(answers),
            Step::Release(_) => {}
            Step::Hold(hold) => {
                auth.hold();
                is_held = hold;
                if !hold {
                    auth.release(1_000);
                }
            }
            Step::Silence(is_silent) => auth.is_silent.store(is_silent, Ordering::SeqCst),
            Step::Delay(ms) => auth.delay_ms.store(ms, Ordering::SeqCst),
        }
        settle().await;
    }
    auth.release(1_000);
    for request in requests {
        let told = request.answer.await.unwrap();
        prop_assert!(told >= request.oldest, "told {told}, which was {} long before", request.oldest);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// F3, R6: nobody is told what has not been true for a second when they come.
    #[test]
    fn no_answer_is_older_than_a_second(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(steps))?;
    }
}

/// F9: what was said of a certificate is kept and forgotten like what was said of a credential, and apart from it.
#[tokio::test(start_paused = true)]
async fn a_certificate_is_kept_until_its_client_changes() {
    let gateway = Gateway::start(Auth::new(2)).await;
    let ask = async |user: u8| {
        let verified = gateway.verifier.examine_certificate([user; 32]).await;
        verified.unwrap().principal.requests_per_day_max.unwrap()
    };
    for _ in 0..3 {
        assert_eq!(ask(1).await, 0);
    }
    assert_eq!(gateway.auth.asked(), 1);
    assert_eq!(gateway.version(1).await, 0);
    assert_eq!(gateway.auth.asked(), 2);
    gateway.auth.change(1, |principal| principal.user_id.uuid());
    pass(1_000).await;
    assert_eq!(ask(1).await, 1);
}
