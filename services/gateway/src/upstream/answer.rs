//! An answer on its way from a service to the client: passed on as it comes, and never longer than somebody takes it.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{BoxError, body::Body, response::Response};
use bytes::Bytes;
use http::{StatusCode, Version, response};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use prosopa_problem::Code;
use prosopa_runtime::PROSOPA_PROBLEM_CODE;

use super::{
    connection::Connection,
    headers,
    pool::{Place, Pool},
};

/// The problem that a remote service tells of, among an answer's extensions; the document is in the body already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnsweredProblem(pub(crate) Code);

/// Why an answer that had begun was cut off.
#[derive(Debug, thiserror::Error)]
pub(super) enum CutOff {
    /// Nothing came for too long.
    #[error("{service} fell silent in the midst of an answer")]
    Silence { service: &'static str },
    /// The connection ended, or what came was no body.
    #[error("{service} broke an answer off")]
    Broken {
        service: &'static str,
        #[source]
        source: hyper::Error,
    },
}

/// The connection that an answer comes over, and to where it goes back.
pub(super) struct Line {
    pub(super) connection: Connection,
    pub(super) place: Place,
    pub(super) pool: Arc<Pool>,
}

/// The body of an answer.
pub(super) struct AnswerBody {
    service: &'static str,
    incoming: Incoming,
    /// What was read along with the head.
    first: Option<Bytes>,
    /// Until all of it is here.
    line: Option<Line>,
    idle_timeout: Duration,
    silence: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

/// Passes on an answer whose head has come. An answer that is here already as a whole gives its connection back at once.
///
/// An error means that the answer is not valid, and none of it was passed on.
pub(super) async fn pass_on(
    service: &'static str,
    answer: http::Response<Incoming>,
    line: Line,
    idle_timeout: Duration,
) -> Result<Response, BoxError> {
    let (mut head, incoming) = answer.into_parts();
    clean(&mut head)?;
    let line = Some(line);
    let mut body =
        AnswerBody { service, incoming, first: None, line, idle_timeout, silence: None, is_waiting: false };
    if body.incoming.is_end_stream() {
        body.hang_up();
        return Ok(Response::from_parts(head, Body::empty()));
    }
    let first = poll_fn(|cx| match body.poll_data(cx) {
        Poll::Ready(read) => Poll::Ready(Some(read)),
        Poll::Pending => Poll::Ready(None),
    })
    .await;
    let body = match first {
        Some(Some(Err(error))) => return Err(error.into()),
        Some(Some(Ok(bytes))) if body.incoming.is_end_stream() => Body::from(bytes),
        Some(None) => Body::empty(),
        Some(Some(Ok(bytes))) => {
            body.first = Some(bytes);
            Body::new(body)
        }
        None => Body::new(body),
    };
    Ok(Response::from_parts(head, body))
}

/// Takes off what concerned the connection, and keeps what the service tells us alone.
fn clean(head: &mut response::Parts) -> Result<(), BoxError> {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err("another protocol that nobody asked for".into());
    }
    headers::drop_hop_by_hop(&mut head.headers);
    if let Some(code) = head.headers.remove(PROSOPA_PROBLEM_CODE)
        && let Some(code) = code.to_str().ok().and_then(Code::find)
    {
        head.extensions.insert(AnsweredProblem(code));
    }
    prosopa_runtime::drop_internal_headers(&mut head.headers);
    head.version = Version::HTTP_11;
    Ok(())
}

impl AnswerBody {
    /// What has come; ready with none at the end. Trailers have no reader and are left out.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutOff>>> {
        let mut was_driven = false;
        loop {
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if self.incoming.is_end_stream() {
                        self.hang_up();
                    }
                    if let Ok(bytes) = frame.into_data() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Poll::Ready(Some(Err(source))) => {
                    self.line = None;
                    return Poll::Ready(Some(Err(CutOff::Broken { service: self.service, source })));
                }
                Poll::Ready(None) => {
                    self.hang_up();
                    return Poll::Ready(None);
                }
                Poll::Pending if was_driven => return Poll::Pending,
                Poll::Pending => {
                    let Some(line) = &mut self.line else { return Poll::Pending };
                    // It brings more, or ends, which the body then knows of.
                    let _ = line.connection.poll(cx);
                    was_driven = true;
                }
            }
        }
    }

    /// All of it is here: the connection may serve the next request.
    fn hang_up(&mut self) {
        if let Some(Line { connection, place, pool }) = self.line.take() {
            if let Some(connection) = connection.finish() {
                pool.keep(connection);
            }
            drop(place);
        }
    }

    /// Ready once nothing has come for too long. Time in which nobody asks does not count: it is the client's.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = Instant::now() + self.idle_timeout;
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if !self.is_waiting {
            silence.as_mut().reset(until);
            self.is_waiting = true;
        }
        silence.as_mut().poll(cx)
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let read = match self.first.take() {
            Some(bytes) => Poll::Ready(Some(Ok(bytes))),
            None => self.poll_data(cx),
        };
        let read = match read {
            Poll::Pending if self.poll_silence(cx).is_pending() => return Poll::Pending,
            Poll::Pending => {
                self.line = None;
                Some(Err(CutOff::Silence { service: self.service }))
            }
            Poll::Ready(read) => read,
        };
        self.is_waiting = false;
        if let Some(Err(error)) = &read {
            tracing::warn!(error = error as &dyn std::error::Error, "an answer is cut off");
        }
        Poll::Ready(read.map(|read| read.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().map_or(0, Bytes::len) as u64;
        let rest = self.incoming.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(first)) {
            hint.set_upper(upper);
        }
        hint
    }
}
