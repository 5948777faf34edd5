//! A picture's bytes, within the server's limit.

use std::fs::File;
use std::io::Read;

use bytes::Bytes;

use prosopa_problem::Code;

use super::Source;
use crate::exit::Failure;

/// Largest picture that is sent, in bytes: the server's limit.
const PICTURE_LIMIT_BYTES: u64 = 20 * 1024 * 1024;

/// Runs blocking work beside the tasks.
pub(crate) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::Local("a worker thread failed".to_owned())),
    }
}

impl Source {
    /// The picture's bytes, unless they are more than the server takes. It blocks.
    pub(crate) fn read(&self) -> Result<Bytes, Failure> {
        let unreadable = |error: std::io::Error| Failure::Local(format!("cannot be read: {error}"));
        match self {
            Self::Stdin => read_bounded(std::io::stdin().lock(), 0).map_err(unreadable)?,
            Self::File(path) => {
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
pub(crate) fn media_type(bytes: &[u8]) -> &'static str {
    image::guess_format(bytes).map_or("application/octet-stream", |format| format.to_mime_type())
}
