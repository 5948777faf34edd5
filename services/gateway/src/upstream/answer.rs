//! An answer on its way from a service to the client: passed on as it comes, and never longer than somebody takes it.

use std::{
    collections::VecDeque,
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
use prosopa_runtime::{PROSOPA_PRINCIPAL, PROSOPA_PROBLEM_CODE};

use super::{
    connection::Connection,
    headers,
    pool::{Place, Pool},
};

/// What is read of a body before its head is passed on, bytes.
const AHEAD_BYTES_MAX: usize = 64 * 1024;

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
    /// None where a task of its own drives it.
    pub(super) connection: Option<Connection>,
    pub(super) place: Place,
    pub(super) pool: Arc<Pool>,
}

/// The body of an answer.
pub(super) struct AnswerBody {
    service: &'static str,
    incoming: Incoming,
    /// What was here when the head was passed on.
    ahead: VecDeque<Bytes>,
    /// Nothing comes after that.
    has_ended: bool,
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
    let mut body = AnswerBody {
        service,
        incoming,
        ahead: VecDeque::new(),
        has_ended: false,
        line: Some(line),
        idle_timeout,
        silence: None,
        is_waiting: false,
    };
    body.look_ahead().await?;
    let body = match (body.has_ended, body.ahead.len()) {
        (true, 0) => Body::empty(),
        (true, 1) => body.ahead.pop_front().map_or_else(Body::empty, Body::from),
        _ => Body::new(body),
    };
    Ok(Response::from_parts(head, body))
}

/// Takes off what concerned the connection, and keeps what the service tells us alone.
fn clean(head: &mut response::Parts) -> Result<(), BoxError> {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err("another protocol that nobody asked for".into());
    }
    // As where a clock has jumped, or processes have other keys. The caller has done nothing wrong.
    if head.headers.contains_key(PROSOPA_PRINCIPAL) {
        return Err("our token for the caller is refused".into());
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
    /// Reads what is here already, within bounds.
    async fn look_ahead(&mut self) -> Result<(), CutOff> {
        poll_fn(|cx| {
            let mut bytes = 0;
            while bytes < AHEAD_BYTES_MAX {
                match self.poll_data(cx) {
                    Poll::Ready(Some(read)) => {
                        let chunk = read?;
                        bytes += chunk.len();
                        self.ahead.push_back(chunk);
                    }
                    Poll::Ready(None) | Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// What has come; ready with none at the end. Trailers have no reader and are left out.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutOff>>> {
        let mut was_driven = false;
        if self.incoming.is_end_stream() {
            self.hang_up();
        }
        while !self.has_ended {
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
                Poll::Ready(None) => self.hang_up(),
                Poll::Pending if was_driven => return Poll::Pending,
                Poll::Pending => {
                    let connection = self.line.as_mut().and_then(|line| line.connection.as_mut());
                    let Some(connection) = connection else { return Poll::Pending };
                    // It brings more, or ends, which the body then knows of.
                    let _ = connection.poll(cx);
                    was_driven = true;
                }
            }
        }
        Poll::Ready(None)
    }

    /// All of it is here: the connection may serve the next request.
    fn hang_up(&mut self) {
        self.has_ended = true;
        if let Some(Line { connection, place, pool }) = self.line.take() {
            if let Some(connection) = connection.and_then(Connection::finish) {
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
        let read = match self.ahead.pop_front() {
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
        self.ahead.is_empty() && self.has_ended
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.ahead.iter().map(Bytes::len).sum::<usize>() as u64;
        let rest = if self.has_ended { SizeHint::with_exact(0) } else { self.incoming.size_hint() };
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(ahead));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(ahead)) {
            hint.set_upper(upper);
        }
        hint
    }
}
