//! `prosopa detect`: sends pictures, several at a time, and prints their faces.

pub(super) mod faces;
mod rows;
mod send;

use futures::StreamExt as _;

use crate::annotate::AnnotationNames;
use crate::args::{Detect, Format};
use crate::client::DetectionOptions;
use crate::commands::inputs::Plan;
use crate::commands::outcome_of_many;
use crate::context::Context;
use crate::exit::Failure;
use crate::progress::Progress;
use faces::detection_text;
use rows::{Row, row_table};
use send::Sender;

/// Sends every picture that the arguments name. What is wrong with one picture does not keep the others.
pub(super) async fn run(ctx: &Context, args: Detect) -> Result<(), Failure> {
    let plan = Plan::new(&args.inputs)?;
    let annotations = match &args.save_annotated {
        Some(folder) => Some(AnnotationNames::new(folder, plan.inputs.iter().map(|input| input.stem()))?),
        None => None,
    };
    let options = DetectionOptions {
        min_face_px: args.min_face_px,
        max_faces: args.max_faces,
        subject: args.subject.clone(),
    };
    let sender = Sender::new(ctx.client.clone(), options, annotations);
    let total = plan.inputs.len();
    let mut progress = Progress::new(ctx.progress, ctx.is_quiet, total, ctx.reporter.clone());
    let mut run = Run { total, sent: 0, faces: 0, failures: Vec::new(), end: None };
    let mut rows: Vec<Row> = Vec::new();

    let mut finished = futures::stream::iter(plan.inputs.into_iter().enumerate())
        .map(|(index, input)| sender.send(index, input))
        .buffer_unordered(args.parallel.get());
    while let Some(one) = finished.next().await {
        let Some((row, failure)) = one else { continue };
        progress
            .advance(&row.file, failure.as_ref().map_or(Ok(row.face_count()), |failure| Err(failure.code())));
        if ctx.output.format() == Format::Ndjson {
            ctx.output.row(&row)?;
        }
        run.add(ctx, &sender, &row, failure);
        rows.push(row);
    }
    drop(finished);
    drop(progress);
    rows.sort_by_key(|row| row.index);
    match (ctx.output.format(), rows.first().filter(|_| plan.is_single)) {
        (Format::Ndjson, _) => {}
        (_, Some(row)) => {
            if let Some(detection) = &row.detection {
                ctx.output.document(row, |row| detection_text(detection, &row.facts()))?;
            }
        }
        (_, None) => ctx.output.list(&rows, row_table)?,
    }
    if !plan.is_single {
        ctx.reporter.note(&run.summary());
    }
    run.outcome()
}

/// How the run goes.
struct Run {
    total: usize,
    sent: usize,
    faces: u64,
    failures: Vec<u8>,
    /// What made it stop; reported as the command's own failure.
    end: Option<Failure>,
}

impl Run {
    fn add(&mut self, ctx: &Context, sender: &Sender, row: &Row, failure: Option<Failure>) {
        self.sent += usize::from(row.detection.is_some());
        self.faces += row.face_count();
        let Some(failure) = failure else { return };
        self.failures.push(failure.exit_code());
        let is_end = failure.ends_everything();
        if is_end {
            sender.stop();
        }
        match &self.end {
            None if is_end => self.end = Some(failure),
            // Others that were under way meet the same end: once is enough.
            Some(end) if is_end && end.code() == failure.code() => {}
            _ => ctx.reporter.failure_of(Some(&row.file), &failure),
        }
    }

    fn summary(&self) -> String {
        let count = |number: u64, name: &str| {
            if number == 1 { format!("1 {name}") } else { format!("{number} {name}s") }
        };
        let mut text = format!("{} in {}", count(self.faces, "face"), count(self.sent as u64, "picture"));
        let failed = self.failures.len();
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        let left = self.total.saturating_sub(self.sent + failed);
        if left > 0 {
            text.push_str(&format!(", {left} not sent"));
        }
        text
    }

    fn outcome(self) -> Result<(), Failure> {
        match self.end {
            Some(failure) => Err(failure),
            None => outcome_of_many(&self.failures, self.total),
        }
    }
}
