//! Several processes of the operating system that count in one database.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};

use http::StatusCode;
use prosopa_gateway::{Config, Plan};
use prosopa_model::{AccountId, Principal};
use prosopa_testkit::TestHome;

use crate::harness::{Call, Gateway, fast, user};

/// Tells a child where to spend.
const CHILD_DIR: &str = "PROSOPA_GATEWAY_TEST_PROCESS_DIR";

/// How many calls a child makes; every third is answered in vain.
const CHILD_CALLS: &str = "PROSOPA_GATEWAY_TEST_PROCESS_CALLS";
const PROCESSES: usize = 4;
const CALLERS: usize = 16;

fn config(limit: u64) -> Config {
    Config {
        plan: Plan { name: "p".into(), requests_per_day: limit, requests_per_month: 1_000_000 },
        ..fast()
    }
}

/// The same account in every process.
fn caller() -> Principal {
    Principal { account_id: AccountId::from_uuid(uuid::Uuid::from_u128(9)), ..user() }
}

/// The limit that is kept in a file beside the data, so that all processes have the same.
fn limit_of(dir: &Path) -> u64 {
    std::fs::read_to_string(dir.join("limit")).unwrap().parse().unwrap()
}

struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts one and waits until it could spend.
    fn start(dir: &Path, calls: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::child_that_counts", "--nocapture"])
            .env(CHILD_DIR, dir)
            .env(CHILD_CALLS, calls.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().any(|line| line.unwrap().ends_with("ready")), "it starts");
        Self { child, stdin, lines }
    }

    fn go(&mut self) {
        writeln!(self.stdin).unwrap();
    }

    /// The next call that was answered, unless there is none any more.
    fn next(&mut self) -> Option<&'static str> {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            for word in ["admitted", "refunded", "refused"] {
                if line.ends_with(word) {
                    return Some(word);
                }
            }
        }
        None
    }

    fn count(&mut self) -> [usize; 3] {
        let mut counts = [0; 3];
        while let Some(word) = self.next() {
            counts[["admitted", "refunded", "refused"].iter().position(|known| *known == word).unwrap()] += 1;
        }
        self.child.wait().unwrap();
        counts
    }
}

/// What is left of a limit is spent by a gateway of this process.
async fn used(home: &TestHome) -> u64 {
    let gateway = Gateway::start_in(home.path(), config(limit_of(home.path()))).await;
    gateway.know("token", &caller());
    gateway.used("token").await.0
}

/// N8: four processes and 6,000 calls at once: exactly the limit is admitted. On SQLite a process owns its database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_admit_exactly_the_limit() {
    let home = TestHome::new();
    let is_shared = home.server_url("gateway").is_some();
    std::fs::write(home.path().join("limit"), "2000").unwrap();
    let count = if is_shared { PROCESSES } else { 1 };
    let mut processes: Vec<Process> =
        (0..count).map(|_| Process::start(home.path(), 6_000 / count)).collect();
    for process in &mut processes {
        process.go();
    }
    let mut totals = [0; 3];
    for process in &mut processes {
        let counts = process.count();
        assert!(counts[0] > 0, "each gets some: {counts:?}");
        totals = [0, 1, 2].map(|index| totals[index] + counts[index]);
    }
    assert_eq!((totals[0], totals.iter().sum::<usize>()), (2_000, 6_000), "{totals:?}");
    assert_eq!(used(&home).await, 2_000);
}

/// N8, F5: kill -9 in the middle: what callers were told they have back, they have back; at most what was in hand stays
/// charged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_no_refund() {
    let home = TestHome::new();
    let is_shared = home.server_url("gateway").is_some();
    std::fs::write(home.path().join("limit"), "1000000").unwrap();
    let mut processes: Vec<Process> =
        (0..if is_shared { 2 } else { 1 }).map(|_| Process::start(home.path(), 3_000)).collect();
    for process in &mut processes {
        process.go();
    }
    let mut dying = processes.remove(0);
    let mut seen = [0; 2];
    for _ in 0..300 {
        match dying.next() {
            Some("admitted") => seen[0] += 1,
            Some("refunded") => seen[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    dying.child.kill().unwrap();
    let [admitted, refunded, refused] = dying.count();
    assert!(seen[1] + refunded > 50, "many were refunded");
    let mut charged = (seen[0] + admitted) as u64;
    for process in &mut processes {
        let counts = process.count();
        assert_eq!(counts, [2_000, 1_000, 0], "the other goes on");
        charged += counts[0] as u64;
    }
    assert_eq!(refused, 0);
    let used = used(&home).await;
    assert!((charged..=charged + CALLERS as u64).contains(&used), "{charged} were charged, {used} are");
}

/// Not a test by itself: without the variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_counts() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let calls: usize = std::env::var(CHILD_CALLS).unwrap().parse().unwrap();
    let dir = Path::new(&dir);
    let gateway = Arc::new(Gateway::start_in(dir, config(limit_of(dir))).await);
    gateway.know("token", &caller());
    println!("\nready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let is_exact = limit_of(dir) < 1_000_000;
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let callers = (0..CALLERS).map(|_| {
        let (gateway, next) = (Arc::clone(&gateway), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let index = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if index >= calls {
                    return;
                }
                let is_vain = !is_exact && index % 3 == 2;
                let path = if is_vain { "/api/v1/answers/422" } else { "/api/v1/things" };
                let status = gateway.send(Call::post(path).bearer("token")).await.status;
                // One write each, so that lines of two threads do not mix.
                println!(
                    "{}",
                    match status {
                        StatusCode::CREATED => "admitted",
                        StatusCode::UNPROCESSABLE_ENTITY => "refunded",
                        StatusCode::TOO_MANY_REQUESTS => "refused",
                        other => panic!("{other}"),
                    }
                );
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
