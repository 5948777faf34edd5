//! `prosopa verify` and `prosopa verifications`: whether documents are their holders'.

mod text;

use crate::args::{Format, ListArgs, VerificationsDelete, VerificationsShow, VerifyArgs};
use crate::client::VerificationRequest;
use crate::client::types::VerificationSummary;
use crate::commands::inputs::Opener;
use crate::commands::{delete_each, listing};
use crate::context::Context;
use crate::exit::{Failure, outcome_of_judgements};
use crate::output::{table, time};
use crate::progress::Progress;
use text::verification_text;

/// Checks a document against a selfie, prints what came of it, and ends with 0 only if it is accepted.
pub(super) async fn verify(ctx: &Context, args: VerifyArgs) -> Result<(), Failure> {
    let mut opener = Opener::default();
    let request = VerificationRequest {
        document: opener.open(&args.document).await?,
        document_back: opener.open_if_given(args.back.as_ref()).await?,
        selfie: opener.open(&args.selfie).await?,
        max_fmr: args.max_fmr,
    };
    let mut progress = Progress::new(ctx.progress, ctx.is_quiet, 1, ctx.reporter.clone());
    let outcome = ctx.client.verify(&request).await;
    let told = outcome.as_ref().map(|made| made.decision.as_str()).map_err(|error| error.code());
    progress.advance_to(&args.document.display().to_string(), told);
    drop(progress);
    let made = outcome?;
    ctx.output.document(&made, verification_text)?;
    outcome_of_judgements([made.decision.as_str()])
}

/// Lists verifications, newest first, page by page.
pub(super) async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let (limit, period) = listing::part(args);
    let ask =
        async |limit: usize, cursor: Option<&str>| ctx.client.verifications(&period, limit, cursor).await;
    let listed = listing::run(ctx, limit, ask, summary_table).await?;
    if listed.is_empty && ctx.output.format() == Format::Table {
        ctx.reporter.note("there are no verifications here: `prosopa verify DOCUMENT SELFIE` makes one");
    }
    Ok(())
}

/// Shows one verification.
pub(super) async fn show(ctx: &Context, args: &VerificationsShow) -> Result<(), Failure> {
    let made = ctx.client.verification(&args.id).await?;
    ctx.output.document(&made, verification_text)?;
    Ok(())
}

/// Deletes verifications, after asking.
pub(super) async fn delete(ctx: &Context, args: &VerificationsDelete) -> Result<(), Failure> {
    let what = ("with all that was found", "verifications with all that was found");
    delete_each(ctx, &args.ids, what, async |id| ctx.client.delete_verification(id).await).await
}

fn summary_table(verifications: &[VerificationSummary]) -> String {
    let row = |made: &VerificationSummary| {
        vec![made.id.clone(), time(&made.created_at), made.document_id.clone(), made.selfie_image_id.clone()]
    };
    table(&["Id", "Time", "Document", "Selfie"], &[], verifications.iter().map(row))
}
