//! Over a real socket, with watchers that behave and others that do not.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use tonic::{
    Code,
    transport::{Server, server::TcpIncoming},
};

use super::*;

/// Long answers, each with its number.
#[derive(Default)]
struct Scripted {
    asked: AtomicUsize,
}

#[async_trait]
impl CredentialChanges for Scripted {
    async fn changes_since(&self, position: Option<i64>) -> Result<Changes, ChangesError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match position {
            None => Ok(Changes { position: 1, subjects: Subjects::Everything }),
            Some(-1) => Err(ChangesError { detail: "no database".into() }),
            Some(position) => {
                Ok(Changes { position: position + 1, subjects: Subjects::Listed(vec![Uuid::max(); 1_000]) })
            }
        }
    }
}

struct World {
    scripted: Arc<Scripted>,
    channel: Channel,
    stop: CancellationToken,
}

impl World {
    fn start() -> Self {
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap().with_nodelay(Some(true));
        let address = incoming.local_addr().unwrap();
        let (scripted, stop) = (Arc::new(Scripted::default()), CancellationToken::new());
        let service = serve_credential_changes(Arc::<Scripted>::clone(&scripted), stop.clone());
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self { scripted, channel, stop }
    }

    fn client(&self) -> CredentialChangesClient {
        CredentialChangesClient::new(self.channel.clone())
    }
}

#[test]
fn changes_survive_the_wire() {
    let listed = Subjects::Listed((0..1_000).map(|_| Uuid::new_v4()).collect());
    for subjects in [Subjects::Everything, Subjects::Listed(Vec::new()), listed] {
        let changes = Changes { position: 7, subjects };
        let event = write_event(changes.clone());
        assert!(prost::Message::encoded_len(&event) < MESSAGE_BYTES_MAX);
        assert_eq!(read_event(&event), Ok(changes));
    }
}

#[test]
fn an_id_of_another_length_is_an_error() {
    let event = WatchEvent { position: 1, is_everything: false, subject_ids: vec!["short".into()] };
    assert!(read_event(&event).is_err());
}

/// A failed question ends its stream; the next one opens another, and goes on where it was.
#[tokio::test]
async fn each_question_has_its_answer() {
    let client = World::start().client();
    assert_eq!(client.changes_since(None).await.unwrap().subjects, Subjects::Everything);
    for position in 1..50 {
        assert_eq!(client.changes_since(Some(position)).await.unwrap().position, position + 1);
    }
    let error = client.changes_since(Some(-1)).await.unwrap_err();
    assert!(error.detail.contains("no database"), "{error}");
    assert_eq!(client.changes_since(Some(50)).await.unwrap().position, 51);
}

/// An answer that was not waited for is not taken for that of the next question.
#[tokio::test]
async fn an_abandoned_question_ends_its_stream() {
    let client = World::start().client();
    client.changes_since(Some(1)).await.unwrap();
    for _ in 0..20 {
        assert!(client.changes_since(Some(100)).now_or_never().is_none());
        assert_eq!(client.changes_since(Some(7)).await.unwrap().position, 8);
    }
}

/// S7: who does not ask is not waited for.
#[tokio::test]
async fn a_silent_watcher_is_cut_off() {
    let world = World::start();
    let mut watch = world.client().open().await.unwrap();
    watch.questions.send(WatchRequest { after: None }).await.unwrap();
    assert!(watch.events.message().await.unwrap().is_some());
    assert_eq!(watch.events.message().await.unwrap_err().code(), Code::DeadlineExceeded);
}

/// S7: who asks without reading is not answered without end: when a window of HTTP/2 (2 MiB) is full, nothing more is made.
#[tokio::test]
async fn answers_are_not_piled_up_for_a_slow_watcher() {
    let world = World::start();
    let (mut questions, asked) = mpsc::channel(10_000);
    let unread = world.client().inner.clone().watch(asked).await.unwrap();
    for position in 0..10_000 {
        questions.try_send(WatchRequest { after: Some(position) }).unwrap();
    }
    let other = world.client();
    for position in 0..200 {
        other.changes_since(Some(position)).await.unwrap();
    }
    let answered = world.scripted.asked.load(Ordering::SeqCst) - 200;
    assert!((1..200).contains(&answered), "{answered} answers of 18 kB each");
    drop(unread);
}

#[tokio::test]
async fn streams_end_with_their_process() {
    let world = World::start();
    let mut watch = world.client().open().await.unwrap();
    watch.questions.send(WatchRequest { after: None }).await.unwrap();
    assert!(watch.events.message().await.unwrap().is_some());
    world.stop.cancel();
    assert_eq!(watch.events.message().await.unwrap(), None);
}
