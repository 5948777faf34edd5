//! `scripts/sum-tests.awk` against recorded output of `cargo test`: the last line and the status tell the truth.

use std::io::Write as _;
use std::process::Command;

use prosopa_layout::workspace;

const TWO_RUNNERS: &str = "\
   Compiling prosopa-model v0.1.0 (crates/model)
    Finished `test` profile [unoptimized] target(s) in 2.31s
     Running unittests src/lib.rs (target/debug/deps/prosopa_model-2a)

running 2 tests
test id::tests::id_is_parsed ... ok
test id::tests::id_of_another_kind_is_refused ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/it/main.rs (target/debug/deps/it-7f)

running 3 tests
";

const ALL_PASS: &str = "\
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.21s

   Doc-tests prosopa_model

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

";

const ONE_FAILS: &str = "\
test cursor::tampered_cursor_is_refused ... FAILED
test cursor::cursor_survives_the_round ... ok

failures:

---- cursor::tampered_cursor_is_refused stdout ----
assertion failed

failures:
    cursor::tampered_cursor_is_refused

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.21s

error: test failed, to rerun pass `-p prosopa-model --test it`
";

const RUNNER_DIES: &str = "\
error: test failed, to rerun pass `-p prosopa-model --test it`

Caused by:
  process didn't exit successfully: `target/debug/deps/it-7f` (signal: 11, SIGSEGV: invalid memory reference)
   Doc-tests prosopa_model

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

";

const DOES_NOT_COMPILE: &str = "\
   Compiling prosopa-model v0.1.0 (crates/model)
error[E0425]: cannot find value `x` in this scope
error: could not compile `prosopa-model` (lib test) due to 1 previous error
";

/// The script's output for what a run printed and the status it ended with, and whether the script calls it a success.
fn sum(output: &str, status: u8) -> (String, bool) {
    let mut log = tempfile::NamedTempFile::new().unwrap();
    log.write_all(output.as_bytes()).unwrap();
    let script = workspace::root().join("scripts/sum-tests.awk");
    let run = Command::new("awk")
        .args(["-v", &format!("status={status}"), "-f"])
        .arg(script)
        .arg(log.path())
        .output()
        .unwrap();
    (String::from_utf8(run.stdout).unwrap(), run.status.success())
}

#[test]
fn passes_of_all_runners_are_summed() {
    assert_eq!(sum(&format!("{TWO_RUNNERS}{ALL_PASS}"), 0), ("5 passed, 0 failed\n".to_owned(), true));
}

#[test]
fn failing_tests_are_named_before_the_sum() {
    let expected = "failed: cursor::tampered_cursor_is_refused\n4 passed, 1 failed\n";
    assert_eq!(sum(&format!("{TWO_RUNNERS}{ONE_FAILS}"), 101), (expected.to_owned(), false));
}

#[test]
fn runner_that_died_counts_as_a_failure() {
    let expected =
        "ended without a result: Running tests/it/main.rs (target/debug/deps/it-7f)\n2 passed, 1 failed\n";
    assert_eq!(sum(&format!("{TWO_RUNNERS}{RUNNER_DIES}"), 101), (expected.to_owned(), false));
}

#[test]
fn runner_that_died_last_counts_as_a_failure() {
    let (printed, is_success) = sum(TWO_RUNNERS, 101);
    assert!(printed.ends_with("\n2 passed, 1 failed\n"), "{printed}");
    assert!(!is_success);
}

#[test]
fn compile_error_counts_as_a_failure() {
    let expected = "cargo test ended with status 101\n0 passed, 1 failed\n";
    assert_eq!(sum(DOES_NOT_COMPILE, 101), (expected.to_owned(), false));
}

#[test]
fn run_of_no_test_is_no_success() {
    assert_eq!(sum("", 0), ("no test ran\n0 passed, 0 failed\n".to_owned(), false));
}
