use prosopa_model::{AccountId, JobId};
use prosopa_store::{Database, affected, migration, on_db, query};
use prosopa_testkit::TestPlatform;

use crate::support::{build, line, list};

/// F10: jobs that were listed before the service had a queue of its own are listed afterwards.
#[tokio::test]
async fn jobs_listed_by_an_older_version_stay_listed() {
    let test = TestPlatform::new();
    let older = &[
        migration!("0001_jobs"),
        prosopa_events::MIGRATION,
        prosopa_events::REPLAY_MIGRATION,
        migration!("0002_job_age"),
    ];
    let database = Database::open(&test.home.options("notifications"), older).await.unwrap();
    let (account, job) = (AccountId::new(), JobId::new());
    let sql = "INSERT INTO jobs (job_id, account_id, service, kind, class, status, phase, progress_done,
           progress_total, attempts, problem_code, href, created_at, changed_at, position)
         VALUES ($1, $2, 'detection', 'detect-faces', 'normal', 'completed', 'completed', 0, 0, 1, '', '', 1, 2, 3)";
    let mut tx = database.begin().await.unwrap();
    on_db!(tx, c => query(sql).bind(job.uuid()).bind(account.uuid()).execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    database.close().await;
    let parts = build(&test.platform).await;
    assert_eq!(list(&parts.http, account).await, [line(job, "completed")]);
}
