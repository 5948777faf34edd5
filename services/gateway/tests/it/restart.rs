use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use http::StatusCode;
use prosopa_gateway::{Config, Plan};
use prosopa_model::{AccountId, Principal};

use crate::harness::{Gateway, fast, user};

/// Tells the child of [`a_killed_gateway_admits_no_more_than_the_limit`] where to spend.
const CHILD_DIR: &str = "PROSOPA_GATEWAY_TEST_DIR";
const LIMIT: usize = 200;
const CALLERS: usize = 8;

fn config() -> Config {
    Config {
        plan: Plan { name: "p".into(), requests_per_day: LIMIT as u64, requests_per_month: 10_000 },
        ..fast()
    }
}

/// The same account in every process.
fn caller() -> Principal {
    Principal { account_id: AccountId::from_uuid(uuid::Uuid::from_u128(7)), ..user() }
}

async fn spend_the_rest(dir: &Path) -> usize {
    let gateway = Gateway::start_in(dir, config()).await;
    gateway.know("token", &caller());
    let mut admitted = 0;
    while admitted <= LIMIT && gateway.spend("token").await.status == StatusCode::CREATED {
        admitted += 1;
    }
    gateway.stop().await;
    admitted
}

/// F5: what was spent stays spent, after an orderly end and after a crash.
#[tokio::test]
async fn counts_outlive_the_process() {
    let dir = tempfile::tempdir().unwrap();
    for is_orderly in [true, false] {
        let gateway = Gateway::start_in(dir.path(), config()).await;
        gateway.know("token", &caller());
        for _ in 0..50 {
            assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
        }
        if is_orderly { gateway.stop().await } else { gateway.crash().await }
    }
    assert_eq!(spend_the_rest(dir.path()).await, LIMIT - 100);
}

/// F5: kill -9 in the middle of many calls: never more than the limit, and at most what was in hand is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_gateway_admits_no_more_than_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "restart::child_that_spends", "--nocapture"])
        .env(CHILD_DIR, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut is_admitted = || lines.by_ref().map(|line| line.unwrap()).any(|line| line.ends_with("admitted"));
    let mut admitted = 0;
    while admitted < 60 && is_admitted() {
        admitted += 1;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    while is_admitted() {
        admitted += 1;
    }
    assert!((60..LIMIT).contains(&admitted), "killed in the middle: {admitted}");
    let total = admitted + spend_the_rest(dir.path()).await;
    assert!((LIMIT - CALLERS..=LIMIT).contains(&total), "{total}");
}

/// Not a test by itself: without the variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_spends() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let gateway = Arc::new(Gateway::start_in(Path::new(&dir), config()).await);
    gateway.know("token", &caller());
    let callers = (0..CALLERS).map(|_| {
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            while gateway.spend("token").await.status == StatusCode::CREATED {
                println!("admitted");
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
