//! N4: the queue is bounded and fair, and work that nobody waits for is dropped.

use std::sync::Arc;

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use prosopa_contract::engine::{AnalyzeFacesResponse, Engine, EngineError};
use prosopa_engine::EngineService;

use crate::support::{asset, open_engine, request};

type Answer = Result<AnalyzeFacesResponse, EngineError>;

/// Sends a picture and lets it enter the queue; takes far longer to analyse than to send the next one.
fn send(engine: &Arc<EngineService>, account: &str) -> BoxFuture<'static, Answer> {
    let engine = Arc::clone(engine);
    let mut request = request(asset("astronaut.png"));
    request.account_id = account.to_owned();
    let mut answer = async move { engine.analyze_faces(request).await }.boxed();
    match answer.as_mut().now_or_never() {
        Some(answer) => std::future::ready(answer).boxed(),
        None => answer,
    }
}

#[tokio::test]
async fn a_full_queue_is_overloaded_and_recovers() {
    let engine = open_engine(|config| {
        config.workers = 1;
        config.queue_len_max = 1;
    });
    let answers: Vec<_> = (0..6).map(|_| send(&engine, "a")).collect();
    let answers = futures::future::join_all(answers).await;
    let (served, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert!(!served.is_empty() && !refused.is_empty());
    for answer in &refused {
        assert!(matches!(answer, Err(EngineError::Overloaded { retry_after_ms: 50..=30_000 })), "{answer:?}");
    }
    let stats = engine.stats();
    assert_eq!((stats.completed, stats.refused), (served.len() as u64, refused.len() as u64));
    assert!(send(&engine, "a").await.is_ok());
}

#[tokio::test]
async fn a_dropped_request_never_reaches_the_device() {
    let engine = open_engine(|config| config.workers = 1);
    let first = send(&engine, "a");
    drop(send(&engine, "a"));
    let last = send(&engine, "a");
    assert!(first.await.is_ok() && last.await.is_ok());
    let stats = engine.stats();
    assert_eq!((stats.completed, stats.abandoned, stats.queued, stats.running), (2, 1, 0, 0));
    assert!(stats.busy_us > 0);
}

#[tokio::test]
async fn one_picture_is_not_kept_behind_another_accounts_many() {
    let engine = open_engine(|config| config.workers = 1);
    let mut answers = FuturesUnordered::new();
    for account in ["backfill", "backfill", "backfill", "backfill", "backfill", "single"] {
        let answer = send(&engine, account);
        answers.push(async move { (account, answer.await) });
    }
    let mut order = Vec::new();
    while let Some((account, answer)) = answers.next().await {
        answer.unwrap();
        order.push(account);
    }
    let place = order.iter().position(|account| *account == "single").unwrap();
    assert!(place <= 2, "{order:?}");
}

#[tokio::test]
async fn shutting_down_finishes_what_waits_and_refuses_the_rest() {
    let engine = open_engine(|config| config.workers = 1);
    let waiting = [send(&engine, "a"), send(&engine, "b"), send(&engine, "a")];
    engine.shut_down().await;
    for answer in waiting {
        assert!(answer.await.is_ok());
    }
    assert!(matches!(send(&engine, "a").await, Err(EngineError::Unavailable { .. })));
}

/// F4: two workers, and memory for one picture: who waits for the other's memory says so.
#[tokio::test]
async fn waiting_for_memory_counts_as_waiting() {
    let engine = open_engine(|config| {
        config.workers = 2;
        config.pixel_budget_px = 1;
    });
    let answers = futures::future::join_all([send(&engine, "a"), send(&engine, "b")]).await;
    let mut timings: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().timings.unwrap()).collect();
    timings.sort_by_key(|timings| timings.queue_us);
    // Sending the second one took a part of what the first one did before.
    let least_us = (timings[0].detect_us + timings[0].align_us + timings[0].embed_us) / 2;
    assert!(timings[1].queue_us >= least_us, "{} of {least_us}", timings[1].queue_us);
}
