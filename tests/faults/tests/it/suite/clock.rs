//! A clock that jumps, of all processes of the suite; the servers around it keep theirs.

use std::{fs, path::PathBuf};

use prosopa_harness::{Home, Suite};

use super::{load::Load, tally::settle};

/// Users at the same time.
const USERS: usize = 3;

/// The library that gives a process another clock, where Debian puts it.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    libraries.find(|path| path.exists()).expect("libfaketime: `scripts/setup.sh --tests` installs it")
}

/// N9, N8, K6: an hour forward, then back: who is refused since a credential has ended logs in again, nobody else is; the quota is
/// exact, lists are whole, jobs are done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_clock_that_jumps_breaks_no_promise() {
    let home = Home::of_files();
    let (file, next) = (home.path().join("clock"), home.path().join("clock.new"));
    // A clock that is read while it is written would be none.
    let set = |offset: &str| {
        fs::write(&next, offset).unwrap();
        fs::rename(&next, &file).unwrap();
    };
    set("+0");
    let library = library();
    let settings = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let suite = Suite::start(&settings).await;
    let load = Load::start(&suite, USERS, rand::random());
    load.until_answered(10).await;
    set("+1h");
    load.until_answered(15).await;
    // The clock of PostgreSQL has not jumped.
    let ahead = "SELECT max(time) / 1000000 - extract(epoch FROM now())::bigint FROM outbox";
    let ahead: i64 = suite.rows("detection", ahead).await[0].parse().unwrap();
    assert!((3_500..3_700).contains(&ahead), "{ahead} seconds ahead");
    set("+0");
    load.until_answered(15).await;
    let tally = settle("clock jump", &suite, load).await;
    // What was between two processes when the clock jumped, with a token for its caller that is of another time.
    let was_on_its_way = tally.failed_only_with("502 bad-gateway") && tally.failures() <= 2 * USERS;
    assert!(tally.failures() == 0 || was_on_its_way, "{tally}");
}
