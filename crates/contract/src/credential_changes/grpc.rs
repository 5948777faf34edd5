//! gRPC adapters: [`CredentialChangesClient`] follows changes elsewhere, [`serve_credential_changes`] offers local ones.
//!
//! One stream carries a question and its answer in turn, so that nothing waits for whoever reads slowly. A position is
//! worth the same to every process of the auth service: a new stream goes on where the last one was cut.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{SinkExt, StreamExt, channel::mpsc, stream::BoxStream};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, transport::Channel};
use uuid::Uuid;

use super::{Changes, ChangesError, CredentialChanges, Subjects};
use crate::{
    auth_messages::{
        MESSAGE_BYTES_MAX, WatchEvent, WatchRequest, credential_changes_client, credential_changes_server,
    },
    calls::{describe, in_time},
};

/// Longest time without a question after which a stream is ended.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// Changes behind gRPC.
pub struct CredentialChangesClient {
    inner: credential_changes_client::CredentialChangesClient<Channel>,
    /// None before the first question and after a failed or abandoned one.
    open: Mutex<Option<Watch>>,
}

/// An open stream.
struct Watch {
    questions: mpsc::Sender<WatchRequest>,
    events: Streaming<WatchEvent>,
}

impl CredentialChangesClient {
    /// Wraps a channel; the channel decides about TLS and reconnecting. An answer is waited for two seconds.
    pub fn new(channel: Channel) -> Self {
        let inner = credential_changes_client::CredentialChangesClient::new(channel)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { inner, open: Mutex::default() }
    }

    async fn ask(&self, after: Option<i64>) -> Result<WatchEvent, Status> {
        let mut open = self.open.lock().await;
        // Taken out: a stream whose answer was not waited for would give it to the next question.
        let mut watch = match open.take() {
            Some(watch) => watch,
            None => self.open().await?,
        };
        let sent = watch.questions.send(WatchRequest { after }).await;
        sent.map_err(|_| Status::unavailable("the stream has ended"))?;
        let event = watch.events.message().await?;
        let event = event.ok_or_else(|| Status::unavailable("the stream has ended"))?;
        *open = Some(watch);
        Ok(event)
    }

    async fn open(&self) -> Result<Watch, Status> {
        let (questions, asked) = mpsc::channel(1);
        let events = self.inner.clone().watch(asked).await?.into_inner();
        Ok(Watch { questions, events })
    }
}

#[async_trait]
impl CredentialChanges for CredentialChangesClient {
    async fn changes_since(&self, position: Option<i64>) -> Result<Changes, ChangesError> {
        let event = in_time(self.ask(position)).await;
        read_event(&event.map_err(|status| ChangesError { detail: describe(&status) })?)
    }
}

/// Offers `changes` as a gRPC service to mount behind the internal listener. Streams end with `stop`, so that a process
/// that drains does not wait for those who would ask for ever.
pub fn serve_credential_changes(
    changes: Arc<dyn CredentialChanges>,
    stop: CancellationToken,
) -> credential_changes_server::CredentialChangesServer<impl credential_changes_server::CredentialChanges> {
    credential_changes_server::CredentialChangesServer::new(Adapter { changes, stop })
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
}

struct Adapter {
    changes: Arc<dyn CredentialChanges>,
    stop: CancellationToken,
}

#[async_trait]
impl credential_changes_server::CredentialChanges for Adapter {
    type WatchStream = BoxStream<'static, Result<WatchEvent, Status>>;

    async fn watch(
        &self,
        request: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (changes, stop) = (Arc::clone(&self.changes), self.stop.clone());
        let turn = (changes, request.into_inner());
        let events = futures::stream::try_unfold(turn, |(changes, mut questions)| async move {
            let question = tokio::time::timeout(SILENCE_MAX, questions.message()).await;
            let question = question.map_err(|_| Status::deadline_exceeded("no question came"))??;
            let Some(question) = question else { return Ok(None) };
            let answer = changes.changes_since(question.after).await;
            let event = write_event(answer.map_err(|error| Status::unavailable(error.detail))?);
            Ok(Some((event, (changes, questions))))
        });
        Ok(Response::new(events.take_until(stop.cancelled_owned()).boxed()))
    }
}

fn write_event(changes: Changes) -> WatchEvent {
    let (is_everything, subject_ids) = match changes.subjects {
        Subjects::Everything => (true, Vec::new()),
        Subjects::Listed(ids) => {
            (false, ids.iter().map(|id| bytes::Bytes::copy_from_slice(id.as_bytes())).collect())
        }
    };
    WatchEvent { position: changes.position, is_everything, subject_ids }
}

fn read_event(event: &WatchEvent) -> Result<Changes, ChangesError> {
    let subjects = if event.is_everything {
        Subjects::Everything
    } else {
        let ids: Result<Vec<Uuid>, _> = event.subject_ids.iter().map(|id| Uuid::from_slice(id)).collect();
        let not_understood = |_| ChangesError { detail: "the answer is not understood".to_owned() };
        Subjects::Listed(ids.map_err(not_understood)?)
    };
    Ok(Changes { position: event.position, subjects })
}

#[cfg(test)]
mod tests;
