//! What kept answers cost.

use std::{fs, sync::Arc};

use super::{Auth, Gateway};

/// Memory of this process that is not on the disk, bytes.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// 100,000 answers are kept in less than 96 MiB (about 50 by themselves), and one more costs nothing more.
#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_answers_fit() {
    const USERS: usize = 100_001;
    let gateway = Gateway::start(Auth::new(USERS)).await;
    let before = resident_bytes();
    for user in 0..USERS {
        gateway.verify(user).await.unwrap();
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 96 * 1024 * 1024, "{grown} bytes");
    let auth = Arc::clone(&gateway.auth);
    assert_eq!(auth.asked(), USERS as u64);
    gateway.verify(USERS - 1).await.unwrap();
    gateway.verify(1).await.unwrap();
    assert_eq!(auth.asked(), USERS as u64, "they are kept");
    gateway.verify(0).await.unwrap();
    assert_eq!(auth.asked(), USERS as u64 + 1, "but for the oldest");
}
