//! What hostile clients do to a connection, over raw sockets against the public listener.

mod forwarded;
mod http2;
mod limits;
mod messages;
mod vanishing;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::Request, response::IntoResponse};
use http::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use prosopa_runtime::ListenerOptions;
use prosopa_testkit::TestPlatform;

use crate::{Running, parts, run};

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What reached the routes: method, target and body of each request.
type Seen = Arc<Mutex<Vec<String>>>;

/// A host whose only route takes anything and tells what it got.
struct Target {
    running: Running,
    seen: Seen,
}

impl Target {
    async fn start(options: ListenerOptions) -> Self {
        let seen = Seen::default();
        let record = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Request| {
            let record = Arc::clone(&record);
            async move {
                let line = format!("{} {}", request.method(), request.uri());
                match axum::body::to_bytes(request.into_body(), 1 << 20).await {
                    Ok(body) => {
                        let text = String::from_utf8_lossy(&body).into_owned();
                        record.lock().unwrap().push(format!("{line} {text}").trim_end().to_owned());
                        Bytes::from_static(b"ok").into_response()
                    }
                    Err(_) => StatusCode::BAD_REQUEST.into_response(),
                }
            }
        });
        Self { running: run(TestPlatform::new(), parts(), router, options).await, seen }
    }

    fn address(&self) -> SocketAddr {
        self.running.public
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// Sends the bytes and gives what comes until the server closes.
    async fn ask(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        let _ = stream.write_all(bytes.as_ref()).await;
        let answers = read_to_end(&mut stream).await;
        answers.unwrap_or_else(|open| panic!("{open}\n\n{}", String::from_utf8_lossy(bytes.as_ref())))
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn metrics(&self) -> String {
        self.running.platform.metrics.render()
    }
}

/// What comes until the server closes, or why it does not.
async fn read_to_end(stream: &mut TcpStream) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    // A reset is an end too.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if read.is_ok() { Ok(text) } else { Err(format!("the connection stays open after {text}")) }
}

/// What comes until `end`.
async fn read_until(stream: &mut TcpStream, end: &[u8]) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.ends_with(end) {
            bytes.push(stream.read_u8().await.expect("an answer"));
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Statuses of the answers in a stream.
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.split("HTTP/1.").skip(1);
    lines.map(|rest| rest.get(2..5).unwrap_or_default().parse().unwrap()).collect()
}

/// Until the condition holds; the test's patience is its end.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "{what}");
}
