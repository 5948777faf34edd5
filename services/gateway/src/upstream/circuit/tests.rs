use proptest::prelude::*;

use super::*;

const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn circuit() -> Circuit {
    Circuit::new(BreakerConfig::default())
}

/// Lets a request pass and fail.
fn fail(circuit: &mut Circuit, now: Duration) {
    let pass = circuit.admit(now).unwrap();
    circuit.record(pass, Verdict::Failure, now, 0.0);
}

fn succeed(circuit: &mut Circuit, now: Duration) {
    let pass = circuit.admit(now).unwrap();
    circuit.record(pass, Verdict::Success, now, 0.0);
}

/// S4: some failures in a row open the circuit; one success between them does not let them add up.
#[test]
fn failures_in_a_row_open_it() {
    let mut circuit = circuit();
    for _ in 0..4 {
        fail(&mut circuit, ms(0));
    }
    succeed(&mut circuit, ms(0));
    for _ in 0..4 {
        fail(&mut circuit, ms(0));
    }
    assert_eq!(circuit.phase(), Phase::Closed);
    fail(&mut circuit, ms(0));
    assert_eq!(circuit.phase(), Phase::Open { until: ms(1_000) });
    assert_eq!(circuit.admit(ms(400)), Err(Some(ms(600))));
}

/// S4: so does a share of failures, once there is enough to judge by, and only of the last seconds.
#[test]
fn a_share_of_failures_opens_it() {
    let mut half = circuit();
    for _ in 0..9 {
        fail(&mut half, ms(0));
        succeed(&mut half, ms(0));
    }
    succeed(&mut half, ms(0));
    assert_eq!(half.phase(), Phase::Closed, "19 are too few");
    fail(&mut half, ms(0));
    assert!(matches!(half.phase(), Phase::Open { .. }), "10 of 20");
    let mut long_ago = circuit();
    for _ in 0..9 {
        fail(&mut long_ago, ms(0));
        succeed(&mut long_ago, ms(0));
    }
    succeed(&mut long_ago, ms(0));
    fail(&mut long_ago, ms(10_000));
    assert_eq!(long_ago.phase(), Phase::Closed, "the others have left the window");
}

/// S4: after the pause one request decides; each time it fails the next pause is twice as long, up to a limit.
#[test]
fn one_probe_decides() {
    let mut circuit = circuit();
    let mut now = ms(0);
    for _ in 0..5 {
        fail(&mut circuit, now);
    }
    for pause in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        assert_eq!(circuit.phase(), Phase::Open { until: now + ms(pause) });
        now += ms(pause);
        let probe = circuit.admit(now).unwrap();
        assert_eq!(circuit.admit(now), Err(None), "one only");
        circuit.record(probe, Verdict::Failure, now, 0.0);
    }
    now += ms(30_000);
    succeed(&mut circuit, now);
    assert_eq!(circuit.phase(), Phase::Closed);
    for _ in 0..5 {
        fail(&mut circuit, now);
    }
    assert_eq!(circuit.phase(), Phase::Open { until: now + ms(1_000) }, "short again");
}

/// A probe whose client went away leaves the decision to the next.
#[test]
fn a_probe_without_a_result_is_followed_by_another() {
    let mut circuit = circuit();
    for _ in 0..5 {
        fail(&mut circuit, ms(0));
    }
    let probe = circuit.admit(ms(1_000)).unwrap();
    circuit.record(probe, Verdict::Unknown, ms(1_500), 0.0);
    succeed(&mut circuit, ms(1_500));
    assert_eq!(circuit.phase(), Phase::Closed);
}

/// What was sent before the circuit opened says nothing about the service after the pause.
#[test]
fn late_results_do_not_count() {
    let mut circuit = circuit();
    let (good, bad) = (circuit.admit(ms(0)).unwrap(), circuit.admit(ms(0)).unwrap());
    for _ in 0..5 {
        fail(&mut circuit, ms(0));
    }
    let opened = circuit.phase();
    circuit.record(good, Verdict::Success, ms(10), 0.0);
    assert_eq!(circuit.phase(), opened);
    let _probe = circuit.admit(ms(1_000)).unwrap();
    circuit.record(bad, Verdict::Failure, ms(1_000), 0.0);
    assert_eq!(circuit.phase(), Phase::HalfOpen);
}

#[derive(Debug, Clone)]
enum Step {
    Wait { ms: u64 },
    Begin,
    End { which: prop::sample::Index, verdict: Verdict, chance: f64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict = prop_oneof![Just(Verdict::Success), Just(Verdict::Failure), Just(Verdict::Unknown)];
    let step = prop_oneof![
        1 => (0u64..5_000).prop_map(|ms| Step::Wait { ms }),
        3 => Just(Step::Begin),
        3 => (any::<prop::sample::Index>(), verdict, 0.0..=1.0)
            .prop_map(|(which, verdict, chance)| Step::End { which, verdict, chance }),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    /// Whatever happens in whatever order: while it is open nobody passes before the end of the pause, which is never
    /// longer than allowed, and everybody may try after it; half open means exactly one request at work; it opens for
    /// failures alone, and closes for the success of a probe alone.
    #[test]
    fn the_phases_follow_the_rules(steps in steps()) {
        let mut circuit = circuit();
        let (mut now, mut at_work, mut probe) = (ms(0), Vec::<Pass>::new(), None::<Pass>);
        for step in steps {
            let before = circuit.phase();
            match step {
                Step::Wait { ms: time } => now += ms(time),
                Step::Begin => match (before, circuit.admit(now)) {
                    (Phase::Closed, admitted) => at_work.push(admitted.unwrap()),
                    (Phase::HalfOpen, admitted) => prop_assert_eq!(admitted, Err(None)),
                    (Phase::Open { until }, Err(wait)) => prop_assert_eq!(wait, Some(until - now)),
                    (Phase::Open { until }, Ok(pass)) => {
                        prop_assert!(now >= until && circuit.phase() == Phase::HalfOpen);
                        prop_assert_eq!(probe.replace(pass), None);
                        at_work.push(pass);
                    }
                },
                Step::End { which, verdict, chance } if !at_work.is_empty() => {
                    let pass = at_work.swap_remove(which.index(at_work.len()));
                    circuit.record(pass, verdict, now, chance);
                    let is_probe = probe == Some(pass);
                    if is_probe {
                        probe = None;
                    }
                    match (before, circuit.phase()) {
                        (Phase::Closed, Phase::Open { until }) => {
                            prop_assert_eq!(verdict, Verdict::Failure);
                            prop_assert!(until >= now + ms(1_000) && until <= now + ms(1_250));
                        }
                        (Phase::HalfOpen, Phase::Open { until }) => {
                            prop_assert!(is_probe && verdict != Verdict::Success);
                            prop_assert!(until <= now + ms(37_500));
                            prop_assert!(verdict == Verdict::Unknown || until >= now + ms(2_000));
                        }
                        (Phase::HalfOpen, Phase::Closed) => {
                            prop_assert!(is_probe && verdict == Verdict::Success);
                        }
                        (before, after) => prop_assert_eq!(before, after),
                    }
                }
                Step::End { .. } => {}
            }
            prop_assert_eq!(probe.is_some(), circuit.phase() == Phase::HalfOpen);
        }
    }
}
