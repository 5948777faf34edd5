//! `prosopa jobs`: what was asked for without waiting.

pub(super) mod watch;

use crate::args::{Format, JobsChange, JobsList, JobsShow};
use crate::client::JobFilter;
use crate::client::types::Job;
use crate::commands::{for_each, listing};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{facts, table, time};

/// Lists jobs, newest first, page by page.
pub(super) async fn list(ctx: &Context, args: JobsList) -> Result<(), Failure> {
    let (limit, period) = listing::part(args.list);
    let filter = JobFilter { status: args.status.map(|status| status.as_str()), period };
    let ask = async |limit: usize, cursor: Option<&str>| ctx.client.jobs(&filter, limit, cursor).await;
    let listed = listing::run(ctx, limit, ask, job_table).await?;
    if listed.is_empty && ctx.output.format() == Format::Table {
        ctx.reporter.note("there are no jobs here: a request with `Prefer: respond-async` makes one");
    }
    Ok(())
}

/// Shows one job.
pub(super) async fn show(ctx: &Context, args: &JobsShow) -> Result<(), Failure> {
    let job = ctx.client.job(&args.id).await?;
    ctx.output.document(&job, job_text)?;
    Ok(())
}

/// Calls jobs off. One that has ended already stays, and says so.
pub(super) async fn cancel(ctx: &Context, args: &JobsChange) -> Result<(), Failure> {
    for_each(ctx, &args.ids, async |id| tell(ctx, &ctx.client.cancel_job(id).await?)).await
}

/// Queues jobs again. One that has not failed stays, and says so.
pub(super) async fn retry(ctx: &Context, args: &JobsChange) -> Result<(), Failure> {
    for_each(ctx, &args.ids, async |id| tell(ctx, &ctx.client.retry_job(id).await?)).await
}

fn tell(ctx: &Context, job: &Job) -> Result<(), Failure> {
    ctx.output.document(job, |job| format!("{}: {}", job.id, standing(job)))?;
    Ok(())
}

/// Where a job stands, in a few words.
fn standing(job: &Job) -> String {
    let mut text = job.status.clone();
    if !job.has_ended() && job.phase != job.status {
        text = format!("{text} ({})", job.phase.replace('_', " "));
    }
    if job.progress.total > 0 && !job.has_ended() {
        text = format!("{text}, {} of {}", job.progress.done, job.progress.total);
    }
    match job.reason() {
        Some(reason) if job.status != "completed" => format!("{text}: {reason}"),
        _ => text,
    }
}

fn job_text(job: &Job) -> String {
    let or_not = |at: &Option<String>| at.as_deref().map_or_else(|| "-".to_owned(), time);
    facts(&[
        ("Id", job.id.clone()),
        ("Kind", job.kind.clone()),
        ("Status", standing(job)),
        ("Attempts", job.attempts.to_string()),
        ("Created", time(&job.created_at)),
        ("Ended", or_not(&job.finished_at)),
        ("Result", job.result_href.clone().unwrap_or_else(|| "-".to_owned())),
    ])
}

fn job_table(jobs: &[Job]) -> String {
    let row = |job: &Job| {
        vec![
            job.id.clone(),
            time(&job.created_at),
            job.kind.clone(),
            standing(job),
            job.attempts.to_string(),
            job.result_href.clone().unwrap_or_default(),
        ]
    };
    table(&["Id", "Time", "Kind", "Status", "Attempts", "Result"], &[4], jobs.iter().map(row))
}
