//! What short calls over gRPC have in common: how long they are waited for and how their failures are named.

use std::time::Duration;

use tonic::{
    Code, Request, Status,
    metadata::{MetadataMap, MetadataValue},
};

/// Longest time that a caller waits for an answer: one read or write of a database.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Names the error in trailing metadata; a status without it is of somebody in between.
const ERROR_KEY: &str = "prosopa-error";

/// A call that the other end gives up as early as this one does.
pub(crate) fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}

/// Waits for an answer, but not for ever: a connection can be silent for minutes before it is known to be gone.
pub(crate) async fn in_time<T>(call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(_) => Err(Status::deadline_exceeded("no answer in time")),
    }
}

/// A failed call, for the log.
pub(crate) fn describe(status: &Status) -> String {
    format!("{}: {}", status.code(), status.message())
}

/// A failure that [`name_of`] tells from others at the other end.
pub(crate) fn named(code: Code, name: &'static str, detail: String) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert(ERROR_KEY, MetadataValue::from_static(name));
    Status::with_metadata(code, detail, metadata)
}

/// What the other end named it; none where it was not the other end that failed.
pub(crate) fn name_of(status: &Status) -> Option<&[u8]> {
    status.metadata().get(ERROR_KEY).map(MetadataValue::as_bytes)
}
