//! One picture on its way: read, send, draw. It holds the picture no longer than that.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::rows::Row;
use crate::annotate::{self, AnnotationNames};
use crate::client::types::{Detection, Picture};
use crate::client::{Client, DetectionOptions};
use crate::commands::inputs::{Input, Source, media_type, on_thread};
use crate::exit::Failure;

/// Sends pictures, until it is told to stop.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    options: DetectionOptions,
    annotations: Option<AnnotationNames>,
    is_stopped: AtomicBool,
}

impl Sender {
    /// A sender that draws on the pictures too, if there are names to write them to.
    pub(super) fn new(
        client: Client,
        options: DetectionOptions,
        annotations: Option<AnnotationNames>,
    ) -> Self {
        Self { client, options, annotations, is_stopped: AtomicBool::new(false) }
    }

    /// No picture that has not been begun is sent from now on.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Sends the `index`-th picture; `None` when it was stopped before. Row and failure can both be there: a result
    /// that is stored on the server but could not be drawn.
    pub(super) async fn send(&self, index: usize, input: Input) -> Option<(Row, Option<Failure>)> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return None;
        }
        let mut row = Row::new(index, input.name);
        let failure = self.fill(&mut row, input.source).await.err();
        if let Some(failure) = &failure {
            row.set_failure(failure);
        }
        Some((row, failure))
    }

    async fn fill(&self, row: &mut Row, source: Result<Source, Failure>) -> Result<(), Failure> {
        let source = source?;
        let bytes = on_thread(move || source.read()).await?;
        let picture = Picture { content_type: media_type(&bytes), bytes: bytes.clone() };
        let detection = self.client.detect(picture, &self.options).await?;
        let target = self.annotations.as_ref().map(|names| names.stem_path(row.index));
        let Some(target) = target else {
            row.detection = Some(detection);
            return Ok(());
        };
        // The picture is drawn on a thread for blocking work, which the detection visits with it.
        let (detection, drawn) = on_thread(move || {
            let drawn = draw(&bytes, &detection, &target);
            Ok((detection, drawn))
        })
        .await?;
        row.detection = Some(detection);
        row.annotated = Some(drawn?);
        Ok(())
    }
}

fn draw(bytes: &[u8], detection: &Detection, target: &std::path::Path) -> Result<PathBuf, Failure> {
    annotate::write_faces(bytes, &detection.faces, target).map_err(|error| {
        Failure::Local(format!(
            "the result {} is stored, but the picture could not be drawn: {error}",
            detection.id
        ))
    })
}
