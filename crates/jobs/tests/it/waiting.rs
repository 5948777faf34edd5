use std::time::{Duration, Instant};

use prosopa_model::JobId;

use crate::support::{World, complete, handler, nothing};

/// K6: whoever waits for a job gets its end as soon as it is there.
#[tokio::test]
async fn the_end_is_noticed_at_once_in_the_same_process() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let database = world.database.clone();
    let worker = process.worker(handler(move |ctx| {
        let database = database.clone();
        Box::pin(async move { complete(&database, ctx, "done").await })
    }));
    let (row, ran) = tokio::join!(process.jobs.wait(id, Duration::from_secs(60)), worker.run_pending());
    assert_eq!(row.unwrap().unwrap().output.as_deref(), Some(b"done".as_slice()));
    assert_eq!(ran.unwrap(), 1);
}

/// K6: an end in another process is noticed too, by looking.
#[tokio::test]
async fn the_end_is_noticed_from_another_process() {
    let world = World::new().await;
    let (here, there) = (world.process(), world.process());
    let id = world.enqueue(&here.jobs).await;
    let worker = there.worker(nothing());
    let (row, ran) = tokio::join!(here.jobs.wait(id, Duration::from_secs(60)), worker.run_pending());
    assert_eq!(row.unwrap().unwrap().status.as_str(), "completed");
    ran.unwrap();
}

/// K6: calling off ends the waiting.
#[tokio::test]
async fn calling_off_is_an_end() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let (row, _) = tokio::join!(process.jobs.wait(id, Duration::from_secs(60)), async {
        tokio::task::yield_now().await;
        process.jobs.cancel(world.account, id).await.unwrap()
    });
    assert_eq!(row.unwrap().unwrap().status.as_str(), "cancelled");
}

/// K6: waiting is bounded; what is not ended then is given back as it stands.
#[tokio::test]
async fn waiting_is_bounded() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let began = Instant::now();
        let row = process.jobs.wait(id, timeout).await.unwrap().unwrap();
        assert_eq!(row.status.as_str(), "queued");
        assert!(began.elapsed() >= timeout);
    }
    assert!(process.jobs.wait(JobId::new(), Duration::from_secs(60)).await.unwrap().is_none());
}
