//! One target for a while.

use std::{
    any::Any,
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rustix::time::{ClockId, clock_gettime};

use crate::{mutation::mutate, targets::Target};

/// Samples that are kept at the same time.
const SAMPLES_MAX: usize = 2_000;

/// Longest time of a processor for one input: whoever sends it must not get a core to itself.
const TIME_MAX: Duration = Duration::from_secs(1);

/// What a run without a fault did.
pub(crate) struct Told {
    /// Inputs that were tried.
    pub(crate) inputs: u64,
    /// Inputs that made the target say something new.
    pub(crate) samples: usize,
}

/// An input that a target cannot bear.
pub(crate) struct Fault {
    /// The input.
    pub(crate) input: Vec<u8>,
    /// What it did.
    pub(crate) what: String,
}

/// Tries inputs while `goes_on` of their count.
pub(crate) fn fuzz(target: &Target, seed: u64, goes_on: impl Fn(u64) -> bool) -> Result<Told, Fault> {
    // What a target says when it panics is told with its input, once.
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let outcome = try_inputs(target, seed, goes_on);
    set_hook(hook);
    outcome
}

fn try_inputs(target: &Target, seed: u64, goes_on: impl Fn(u64) -> bool) -> Result<Told, Fault> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut samples: Vec<Vec<u8>> = target.samples.iter().map(|sample| sample.to_vec()).collect();
    let mut said = HashSet::new();
    let mut inputs = 0;
    for sample in &samples {
        said.insert(attempt(target, sample)?);
    }
    while goes_on(inputs) {
        let sample = random.random_range(0..samples.len());
        let other = random.random_range(0..samples.len());
        let input = mutate(&mut random, &samples[sample], &samples[other], target.words);
        let outcome = attempt(target, &input)?;
        inputs += 1;
        if samples.len() < SAMPLES_MAX && said.insert(outcome) {
            samples.push(input);
        }
    }
    Ok(Told { inputs, samples: samples.len() })
}

fn attempt(target: &Target, input: &[u8]) -> Result<String, Fault> {
    let begun = processor_time();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(input)));
    let fault = |what| Fault { input: input.to_vec(), what };
    let outcome = outcome.map_err(|panic| fault(format!("panicked: {}", message_of(panic.as_ref()))))?;
    let took = processor_time().saturating_sub(begun);
    if took > TIME_MAX { Err(fault(format!("took {took:?}"))) } else { Ok(outcome) }
}

/// What this thread has had of the processor: whatever else the machine does takes nothing of an input's time.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
