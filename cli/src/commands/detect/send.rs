//! One picture on its way: read, send, draw. It holds the picture no longer than that.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use prosopa_problem::Code;

use super::inputs::{Input, Source};
use super::rows::Row;
use crate::annotate::{self, AnnotationNames};
use crate::client::types::{Detection, Picture};
use crate::client::{Client, DetectionOptions};
use crate::exit::Failure;

/// Largest picture that is sent, in bytes: the server's limit.
const PICTURE_LIMIT_BYTES: u64 = 20 * 1024 * 1024;

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
        let bytes = on_thread(move || read(&source)).await?;
        let picture = Picture { content_type: content_type(&bytes), bytes: bytes.clone() };
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
    annotate::write(bytes, &detection.faces, target).map_err(|error| {
        Failure::Local(format!(
            "the result {} is stored, but the picture could not be drawn: {error}",
            detection.id
        ))
    })
}

/// Runs blocking work beside the tasks.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::Local("a worker thread failed".to_owned())),
    }
}

fn read(source: &Source) -> Result<Bytes, Failure> {
    let unreadable = |error: std::io::Error| Failure::Local(format!("cannot be read: {error}"));
    match source {
        Source::Stdin => read_bounded(std::io::stdin().lock(), 0).map_err(unreadable)?,
        Source::File(path) => {
            let file = File::open(path).map_err(unreadable)?;
            let length = file.metadata().map_err(unreadable)?.len();
            if length > PICTURE_LIMIT_BYTES {
                None
            } else {
                read_bounded(file, length).map_err(unreadable)?
            }
        }
    }
    .ok_or_else(too_large)
}

/// Everything there is, unless it is too much.
fn read_bounded(reader: impl Read, expected: u64) -> std::io::Result<Option<Bytes>> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    reader.take(PICTURE_LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= PICTURE_LIMIT_BYTES).then(|| bytes.into()))
}

/// The refusal that the server would have sent.
fn too_large() -> Failure {
    let limit_mib = PICTURE_LIMIT_BYTES / 1024 / 1024;
    Failure::Input(format!("{}: the limit is {limit_mib} MiB", Code::BodyTooLarge.title()))
}

/// The media type that the bytes say; the server judges what we do not know.
fn content_type(bytes: &[u8]) -> &'static str {
    image::guess_format(bytes).map_or("application/octet-stream", |format| format.to_mime_type())
}
