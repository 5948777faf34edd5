//! One run over the targets that are wanted.

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use crate::{
    run::{Fault, fuzz},
    targets::TARGETS,
};

/// Tries every target for its share of the time and prints what came of it.
pub(crate) fn run() -> ExitCode {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seconds = number("FUZZ_SECONDS").unwrap_or(600);
    let seed = number("FUZZ_SEED").unwrap_or_else(rand::random);
    let wanted = env::var("FUZZ_TARGET").unwrap_or_default();
    let targets: Vec<_> =
        TARGETS.iter().filter(|target| wanted.is_empty() || target.name == wanted).collect();
    assert!(!targets.is_empty(), "there is no target {wanted}");
    let share = Duration::from_secs(seconds) / u32::try_from(targets.len()).expect("few targets");
    println!("FUZZ_SEED={seed}, {} targets, {} s each", targets.len(), share.as_secs());
    let mut has_fault = false;
    for target in targets {
        let end = Instant::now() + share;
        match fuzz(target, seed, |_| Instant::now() < end) {
            Ok(told) => {
                println!("{}: {} inputs, {} samples, no fault", target.name, told.inputs, told.samples);
            }
            Err(Fault { input, what }) => {
                has_fault = true;
                println!("{}: {what}\n  b\"{}\"", target.name, input.escape_ascii());
            }
        }
    }
    ExitCode::from(u8::from(has_fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Target;

    /// K2, S4: none of the readers panics or breaks its promise; a short run of what `make fuzz` does for long.
    #[test]
    fn a_short_run_finds_nothing() {
        for target in TARGETS {
            let told = fuzz(target, 1, |count| count < 2_000);
            let told = told.unwrap_or_else(|fault| {
                panic!("{}: {}\n  b\"{}\"", target.name, fault.what, fault.input.escape_ascii())
            });
            // Where nothing new is ever said, the inputs do not reach what is to be tried.
            assert!(told.samples > target.samples.len(), "{}", target.name);
        }
    }

    /// A target that panics is a fault, so that a run without one says something.
    #[test]
    fn a_panic_is_found() {
        let target = Target {
            name: "broken",
            samples: &[b"GET /\na: b"],
            words: &[b"boom"],
            read: |bytes| {
                assert!(!bytes.windows(4).any(|window| window == b"boom"), "found");
                "fine".to_owned()
            },
        };
        let fault = fuzz(&target, 1, |count| count < 100_000).err().expect("a fault");
        assert!(fault.what.contains("found") && fault.input.windows(4).any(|window| window == b"boom"));
    }
}
