//! Bytes that nobody meant, for everything that reads what strangers send: signatures, cookies, preferences, keys, queries.
//!
//! Each target gets an equal share of `FUZZ_SECONDS` (600). Inputs are samples that were changed at random; one that made a
//! target say something new becomes a sample itself. The compiler of the product is enough for it, so there is no coverage
//! to follow. `FUZZ_SEED` repeats a run; `FUZZ_TARGET` picks one target. It ends with 1 where a target panicked, broke its
//! promise or took longer than a second, and prints the input as a Rust byte string.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a run that cannot go on has failed"
)]

mod head;
mod mutation;
mod run;
mod targets;

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use self::{
    run::{Fault, fuzz},
    targets::TARGETS,
};

fn main() -> ExitCode {
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
        let target = targets::Target {
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
