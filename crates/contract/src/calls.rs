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

/// Asks what does no more the second time than the first, within the time of one call.
pub(crate) async fn ask<M, T, F>(message: M, call: impl Fn(Request<M>) -> F) -> Result<T, Status>
where
    M: Clone,
    F: Future<Output = Result<T, Status>>,
{
    in_time(again_if_lost(|| call(timed(message.clone())))).await
}

/// Calls once more where the connection was lost, as a process that ends in good order loses it: the call may have been on its
/// way when the other end said that it takes no more (GOAWAY), and there may be another process by now.
pub(crate) async fn again_if_lost<T, F>(call: impl Fn() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    match call().await {
        Err(status) if is_lost(&status) => call().await,
        answer => answer,
    }
}

/// Whether nobody at the other end has answered.
fn is_lost(status: &Status) -> bool {
    let is_of_connection =
        matches!(status.code(), Code::Unknown | Code::Cancelled | Code::Internal | Code::Unavailable);
    is_of_connection && name_of(status).is_none()
}

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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn count_calls(status: Status) -> u32 {
        let calls = Cell::new(0);
        let answer = again_if_lost(|| {
            calls.set(calls.get() + 1);
            let answer: Result<(), Status> = Err(status.clone());
            async { answer }
        });
        assert!(answer.await.is_err());
        calls.get()
    }

    /// S4: a call that a leaving process has not taken is made once more; what somebody has said is not asked again.
    #[tokio::test]
    async fn only_what_nobody_has_answered_is_asked_again() {
        assert_eq!(count_calls(Status::cancelled("operation was canceled")).await, 2);
        assert_eq!(count_calls(Status::internal("h2 protocol error: http2 error")).await, 2);
        assert_eq!(count_calls(Status::unavailable("tcp connect error")).await, 2);
        for status in [
            named(Code::Unavailable, "unavailable", String::new()),
            Status::deadline_exceeded("no answer in time"),
            Status::invalid_argument("the mail is not understood"),
            Status::unauthenticated("the principal token is not valid"),
        ] {
            assert_eq!(count_calls(status).await, 1);
        }
    }
}
