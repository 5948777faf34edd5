//! `prosopa jobs watch`: looks at jobs until they have ended.

use std::time::Duration;

use serde_json::json;

use super::{standing, tell};
use crate::args::{JobsWatch, ProgressMode};
use crate::client::types::Job;
use crate::commands::for_each;
use crate::context::Context;
use crate::exit::Failure;

/// Waits for each job in turn; those behind it go on meanwhile. Each is printed once it has ended.
pub(crate) async fn run(ctx: &Context, args: &JobsWatch) -> Result<(), Failure> {
    let period = Duration::from_secs(args.every);
    for_each(ctx, &args.ids, async |id| {
        let job = until_ended(ctx, id, period).await?;
        tell(ctx, &job)?;
        match job.status.as_str() {
            "completed" => Ok(()),
            _ => Err(Failure::Local(format!("the job {}", standing(&job)))),
        }
    })
    .await
}

async fn until_ended(ctx: &Context, id: &str, period: Duration) -> Result<Job, Failure> {
    let mut told = String::new();
    loop {
        let job = ctx.client.job(id).await?;
        if job.has_ended() {
            return Ok(job);
        }
        let standing = standing(&job);
        if standing != told {
            report(ctx, &job, &standing);
            told = standing;
        }
        tokio::time::sleep(period).await;
    }
}

fn report(ctx: &Context, job: &Job, standing: &str) {
    match ctx.progress {
        ProgressMode::None => {}
        ProgressMode::Json => {
            let event = json!({ "event": "progress", "job": job.id, "status": job.status, "phase": job.phase,
                "done": job.progress.done, "total": job.progress.total });
            ctx.reporter.line(&event.to_string());
        }
        ProgressMode::Auto | ProgressMode::Plain => ctx.reporter.note(&format!("{}: {standing}", job.id)),
    }
}
