//! What a request takes the gateway, in instructions: counted, so that neither the machine nor what else it does matters, and
//! held to what is written down beside this. The counts are those of the profile that tests are built with.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may")]

use std::{
    fs,
    process::{Command, Stdio},
};

/// `name count` lines.
const WRITTEN_DOWN: &str = include_str!("../../instructions.txt");

/// What a count may be above what is written down, and below before that is out of date, percent.
const TOLERANCE_PERCENT: u64 = 10;

/// Requests before those that count, which find everything made, and those that count.
const WARM: u64 = 30;
const COUNTED: u64 = 100;

/// F5, O4: a request without a credential, and one with a key, a rate, a quota, usage records and a log.
#[test]
fn a_request_takes_as_many_instructions_as_are_written_down() {
    for (name, prefix) in [("plain", "/api/v1/plain"), ("everything", "/api/v1/full")] {
        let line = WRITTEN_DOWN.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let expected: u64 = line.trim().parse().unwrap();
        let counted = (count(prefix, WARM + COUNTED) - count(prefix, WARM)) / COUNTED;
        let told = format!("{name}: {counted} instructions a request, {expected} are written down");
        println!("{told}");
        assert!(counted * 100 <= expected * (100 + TOLERANCE_PERCENT), "{told}");
        assert!(
            counted * 100 >= expected * (100 - TOLERANCE_PERCENT),
            "{told}; if it is faster now, write that down in bench/gateway/instructions.txt"
        );
    }
}

/// Instructions of a whole run with so many requests.
fn count(prefix: &str, requests: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callgrind.out");
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind", "--read-inline-info=no"]);
    command.arg(format!("--callgrind-out-file={}", file.display()));
    command.arg(env!("CARGO_BIN_EXE_bench-gateway")).args(["instructions", prefix, &requests.to_string()]);
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("valgrind is missing: `scripts/setup.sh --tests` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = fs::read_to_string(file).unwrap();
    let total = told.lines().find_map(|line| line.strip_prefix("summary: ")).unwrap();
    total.trim().parse().unwrap()
}
