//! Following an account's jobs over a socket.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{Extension, Router};
use futures::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use serde_json::{Value, json};
use tokio::{io::DuplexStream, task::JoinHandle};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message},
};

use prosopa_events::Subscription;
use prosopa_http::CallerEnded;
use prosopa_model::{AccountId, Clock, JobId};
use prosopa_notifications::{Config, NotificationsService};
use prosopa_runtime::{Host, ListenerOptions, Listeners, Platform, Service, TaskEnded};
use prosopa_store::Database;
use prosopa_testkit::{principal_of, send};

use crate::support::{Notifications, line};

const PATH: &str = "/api/v1/jobs/events";

/// Bytes on their way to or from a client; more is waited for.
const ON_THE_WAY: usize = 1_024;

/// Another process of the service, with its tasks; it hears nothing itself unless it is made to.
struct Process {
    router: Router,
    platform: Platform,
    subscription: Subscription,
    database: Database,
    host: JoinHandle<Result<(), TaskEnded>>,
}

impl Process {
    async fn start(notifications: &Notifications) -> Self {
        let clock: std::sync::Arc<dyn Clock> = notifications.test.clock.clone();
        let platform = notifications.test.home.platform(clock);
        let parts = NotificationsService::build(Config::default(), &platform).await.unwrap();
        let (subscription, database) =
            (parts.listens[0].subscription.clone(), parts.listens[0].database.clone());
        let mut host = Host::new(platform.clone());
        let (_, router) = host.adopt(parts);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = Listeners::bind(any, any).await.unwrap();
        let host = tokio::spawn(host.run(listeners, Router::new(), ListenerOptions::default()));
        Self { router, platform, subscription, database, host }
    }

    async fn try_open(
        &self,
        account: AccountId,
        caller: Option<CallerEnded>,
    ) -> Result<Socket, tungstenite::Error> {
        let mut router = self.router.clone().layer(Extension(principal_of(account)));
        if let Some(caller) = caller {
            router = router.layer(Extension(caller));
        }
        let (client, server) = tokio::io::duplex(ON_THE_WAY);
        tokio::spawn(async move {
            let service = TowerToHyperService::new(router);
            let connections = auto::Builder::new(TokioExecutor::new());
            let _ = connections.serve_connection_with_upgrades(TokioIo::new(server), service).await;
        });
        client_async(format!("ws://prosopa.test{PATH}"), client).await.map(|(stream, _)| Socket(stream))
    }

    async fn open(&self, account: AccountId) -> Socket {
        self.try_open(account, None).await.unwrap()
    }

    async fn stop(self) {
        self.platform.shutdown.cancel();
        self.host.await.unwrap().unwrap();
    }
}

struct Socket(WebSocketStream<DuplexStream>);

impl Socket {
    /// What is told next; the status code of its end as an error, 0 for none.
    async fn next(&mut self) -> Result<Value, u16> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |frame| frame.code.into())),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(0),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), next).await.expect("something is told")
    }

    /// Which job is told of next, and how it stands.
    async fn line(&mut self) -> (String, String) {
        let told = self.next().await.expect("a job");
        (told["id"].as_str().unwrap().to_owned(), told["status"].as_str().unwrap().to_owned())
    }
}

/// K6: who follows is told of unfinished jobs first, then of every change, in its order, also where another process hears
/// of it.
#[tokio::test]
async fn every_change_is_told_in_order() {
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    let (first, second, done) = (JobId::new(), JobId::new(), JobId::new());
    notifications.say(&[done], "completed").await;
    notifications.say(&[first], "queued").await;
    let mut socket = process.open(notifications.account).await;
    assert_eq!(socket.line().await, line(first, "queued"));
    for (job, status) in [(first, "processing"), (second, "queued"), (first, "completed"), (second, "failed")]
    {
        notifications.say(&[job], status).await;
        assert_eq!(socket.line().await, line(job, status));
    }
    let third = JobId::new();
    notifications.say(&[third], "processing").await;
    let mut late = process.open(notifications.account).await;
    assert_eq!(late.line().await, line(third, "processing"), "what has ended is not told of");
    notifications.say(&[third], "completed").await;
    assert_eq!(late.line().await, line(third, "completed"), "what the list had is told once");
    process.stop().await;
}

/// K6: a message is what the list says of the job.
#[tokio::test]
async fn a_message_is_what_the_list_says() {
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    notifications.say(&[JobId::new()], "queued").await;
    let mut socket = process.open(notifications.account).await;
    let told = socket.next().await.unwrap();
    let mut request = Request::get("/api/v1/jobs").body(axum::body::Body::empty()).unwrap();
    request.extensions_mut().insert(principal_of(notifications.account));
    let listed = send(&process.router, request).await.json();
    assert_eq!(told, listed["items"][0]);
    process.stop().await;
}

/// K6: nobody is told of another account's jobs, neither at first nor later.
#[tokio::test]
async fn jobs_of_others_are_not_told() {
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    let (own, foreign) = (JobId::new(), JobId::new());
    notifications.say(&[foreign], "queued").await;
    let stranger = AccountId::new();
    let (mut socket, mut other) = (process.open(notifications.account).await, process.open(stranger).await);
    assert_eq!(socket.line().await, line(foreign, "queued"));
    notifications.say(&[foreign], "processing").await;
    assert_eq!(socket.line().await, line(foreign, "processing"));
    notifications.say_of(stranger, &[own], "queued").await;
    assert_eq!(other.line().await, line(own, "queued"), "the first that is told");
    process.stop().await;
}

/// K6: what the own process hears is told at once, not when it looks next.
#[tokio::test]
async fn what_this_process_hears_is_told_at_once() {
    const CHANGES: u32 = 20;
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    let mut socket = process.open(notifications.account).await;
    let begun = Instant::now();
    for _ in 0..CHANGES {
        let job = JobId::new();
        notifications.publish(notifications.account, &[job], "queued").await;
        notifications.hear_as(&process.subscription, &process.database).await;
        assert_eq!(socket.line().await, line(job, "queued"));
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    process.stop().await;
}

/// K6: who reads too slowly keeps nobody waiting, is told that something is missing, and hears the last of it.
#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed() {
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    let (mut slow, mut fast) =
        (process.open(notifications.account).await, process.open(notifications.account).await);
    let (jobs, last): (Vec<JobId>, JobId) = ((0..600).map(|_| JobId::new()).collect(), JobId::new());
    notifications.say(&jobs, "queued").await;
    notifications.say(&[last], "completed").await;
    while fast.next().await.unwrap()["id"] != last.to_string() {}
    let (mut gaps, mut told) = (0, 0);
    loop {
        let message = slow.next().await.unwrap();
        if message == json!({ "resync": true }) {
            gaps += 1;
        } else if message["id"] == last.to_string() {
            break;
        } else {
            told += 1;
        }
    }
    assert_eq!(gaps, 1);
    assert!((1..600).contains(&told), "{told}");
    notifications.say(&[jobs[0]], "completed").await;
    assert_eq!(slow.line().await, line(jobs[0], "completed"), "it goes on");
    process.stop().await;
}

/// R6: a socket ends with its caller's credential, also one that is not read; another of the same account goes on.
#[tokio::test]
async fn a_socket_ends_with_its_credential() {
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    let (ended, watch) = CallerEnded::watched();
    let mut socket = process.try_open(notifications.account, Some(ended)).await.unwrap();
    let mut other = process.open(notifications.account).await;
    let job = JobId::new();
    notifications.say(&[job], "queued").await;
    assert_eq!((socket.line().await, other.line().await), (line(job, "queued"), line(job, "queued")));
    watch.end();
    assert_eq!(socket.next().await, Err(1008));
    notifications.say(&[job], "completed").await;
    assert_eq!(other.line().await, line(job, "completed"));
    let left = async {
        while watch.is_wanted() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), left).await.expect("the socket is let go of");
    process.stop().await;
}

/// S10: an account has twenty sockets at most; one that is closed makes room, and other accounts have their own.
#[tokio::test]
async fn sockets_of_an_account_are_bounded() {
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(process.open(notifications.account).await);
    }
    let Err(tungstenite::Error::Http(refused)) = process.try_open(notifications.account, None).await else {
        panic!("one more is open");
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let mut other = process.open(AccountId::new()).await;
    sockets.pop();
    let reopened = async {
        loop {
            if let Ok(socket) = process.try_open(notifications.account, None).await {
                return socket;
            }
        }
    };
    let mut socket =
        tokio::time::timeout(Duration::from_secs(10), reopened).await.expect("there is room again");
    let job = JobId::new();
    notifications.say(&[job], "queued").await;
    assert_eq!(socket.line().await, line(job, "queued"));
    process.stop().await;
    assert_eq!(other.next().await, Err(1012), "the process has ended");
}

/// K6: a client has nothing to say; who asks for no socket is told so.
#[tokio::test]
async fn what_nobody_asked_for_ends_the_socket() {
    let notifications = Notifications::start().await;
    let process = Process::start(&notifications).await;
    for message in [Message::Text("hello".into()), Message::Binary(vec![0; 10_000].into())] {
        let mut socket = process.open(notifications.account).await;
        // The connection may break while it is being sent.
        let _ = socket.0.send(message).await;
        assert_eq!(socket.next().await, Err(0));
    }
    let mut request = Request::get(PATH).body(axum::body::Body::empty()).unwrap();
    request.extensions_mut().insert(principal_of(notifications.account));
    assert_eq!(send(&process.router, request).await.json()["code"], "malformed-request");
    process.stop().await;
}
