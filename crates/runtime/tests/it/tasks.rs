use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;
use tokio::{sync::Notify, time::Instant};

use prosopa_runtime::{ListenerOptions, Parts, Task, TaskEnded, TaskKind};
use prosopa_testkit::TestPlatform;

use crate::{Running, fetch, parts, run};

async fn run_task(task: Task) -> Running {
    let parts = Parts { tasks: vec![task], ..parts() };
    run(TestPlatform::new(), parts, Router::new(), ListenerOptions::default()).await
}

/// N10: a process that cannot do its work does not end as if all were well.
#[tokio::test]
async fn the_end_of_an_essential_task_is_the_failure_of_the_process() {
    let task = Task::new("lease", TaskKind::Essential, |_| async { Err("lost the lease".into()) });
    let running = run_task(task).await;
    let error = running.host.await.unwrap().unwrap_err();
    assert_eq!(error, TaskEnded { task: "lease", reason: "lost the lease".into() });
    assert!(running.platform.shutdown.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn other_tasks_are_started_again() {
    let (again, mut runs) = (Arc::new(Notify::new()), 0);
    let task = {
        let again = Arc::clone(&again);
        Task::new("restart", TaskKind::Restart, move |stop| {
            runs += 1;
            let (run, again) = (runs, Arc::clone(&again));
            async move {
                match run {
                    1 => Err("failed".into()),
                    2 => panic!("panicked"),
                    _ => {
                        again.notify_one();
                        stop.cancelled().await;
                        Ok(())
                    }
                }
            }
        })
    };
    let running = run_task(task).await;
    again.notified().await;
    let metrics = running.platform.metrics.render();
    assert!(metrics.contains("prosopa_runtime_task_restarts_total{task=\"restart\"} 2"), "{metrics}");
    running.platform.shutdown.cancel();
    running.host.await.unwrap().unwrap();
}

/// Trouble of long ago does not delay the restart after a run that went well.
#[tokio::test(start_paused = true)]
async fn the_pause_begins_anew_after_a_sound_run() {
    let (starts, done) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let task = {
        let (starts, done) = (Arc::clone(&starts), Arc::clone(&done));
        Task::new("restart", TaskKind::Restart, move |_| {
            starts.lock().unwrap().push(Instant::now());
            let (run, done) = (starts.lock().unwrap().len(), Arc::clone(&done));
            async move {
                match run {
                    // A sound run, by the clock of the test, which does not wait.
                    6 => tokio::time::sleep(Duration::from_secs(61)).await,
                    8 => {
                        done.notify_one();
                        std::future::pending().await
                    }
                    _ => {}
                }
                Err("failed".into())
            }
        })
    };
    let _running = run_task(task).await;
    done.notified().await;
    let starts = starts.lock().unwrap();
    let between: Vec<u128> = starts.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    let expected = [100, 200, 400, 800, 1_600, 61_100, 200];
    for (real, expected) in between.iter().zip(expected) {
        assert!((expected..expected + 50).contains(real), "{between:?}");
    }
}

/// O6: operators see that something the product needs does not run.
#[tokio::test]
async fn a_task_that_waits_for_its_restart_is_not_ready() {
    let task = Task::new("restart", TaskKind::Restart, |_| async { Err("failed".into()) });
    let running = run_task(task).await;
    let waits = async {
        loop {
            let (status, body) = fetch(running.admin, "/readyz").await;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            if status == 503 {
                return body;
            }
        }
    };
    let body = tokio::time::timeout(Duration::from_secs(20), waits).await.expect("it waits most of the time");
    assert_eq!(body["checks"]["restart"], "it failed and waits for its restart");
}
