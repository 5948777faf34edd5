//! An S3 server that answers as a test says, also as no good one would.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use prosopa_testkit::TestHome;
use prosopa_vault::{BlobStore, Bucket, Keyring, S3Config};

/// Longest time of an operation in these tests.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(800);

/// Headers of an object that is there.
const FOUND: &str = "etag: \"e\"\r\nlast-modified: Sat, 31 Jan 2026 12:00:00 GMT\r\n";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `PUT /bucket/name`.
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What becomes of a request.
pub(crate) enum Reply {
    /// Status, further header lines, body.
    Answer(u16, &'static str, Vec<u8>),
    /// Nothing, for ever.
    Hang,
    /// A body that ends before it should.
    Cut(Vec<u8>),
    /// A body of which a byte comes now and then.
    Dribble(Vec<u8>),
}

impl Reply {
    /// An error document with this code.
    pub(crate) fn error(status: u16, code: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>said the server</Message></Error>");
        Self::Answer(status, "", body.into_bytes())
    }

    pub(crate) fn stored() -> Self {
        Self::Answer(200, "etag: \"e\"\r\n", Vec::new())
    }

    pub(crate) fn found(body: &[u8]) -> Self {
        Self::Answer(200, FOUND, body.to_vec())
    }
}

/// The server, the blobs in its bucket, and what it was asked.
pub(crate) struct ScriptedS3 {
    pub(crate) blobs: BlobStore,
    seen: Arc<Mutex<Vec<Seen>>>,
    _home: TestHome,
}

impl ScriptedS3 {
    /// Answers the request of this number, from 0 on, as `script` says.
    pub(crate) async fn start(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_for(|config| config, script).await
    }

    /// The same, for a client whose configuration is changed.
    pub(crate) async fn start_for(
        change: impl FnOnce(S3Config) -> S3Config,
        script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (script, noted) = (Arc::new(script), Arc::clone(&seen));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, noted) = (Arc::clone(&script), Arc::clone(&noted));
                let mut stream = BufReader::new(stream);
                tokio::spawn(async move { while talk(&mut stream, &*script, &noted).await.is_some() {} });
            }
        });
        let home = TestHome::of_files();
        let keyring = Keyring::open_or_create(&home.path().join("keyring.json")).unwrap();
        let bucket = Bucket::open(&change(config(endpoint))).unwrap();
        Self { blobs: BlobStore::in_bucket(bucket.of_service("vault"), keyring), seen, _home: home }
    }

    /// What was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A bucket of the server at this address; little patience, two retries.
pub(crate) fn config(endpoint: String) -> S3Config {
    S3Config {
        bucket: "pictures".into(),
        prefix: "tests".into(),
        endpoint: Some(endpoint),
        access_key_id: Some("key".into()),
        secret_access_key: Some("secret-of-the-bucket".to_owned().into()),
        timeout_ms: TIMEOUT.as_millis() as u64,
        connect_timeout_ms: 300,
        retries_max: 2,
        ..S3Config::default()
    }
}

/// One request and its answer; none where the connection is over.
async fn talk(
    stream: &mut BufReader<TcpStream>,
    script: &(impl Fn(usize, &Seen) -> Reply + Sync),
    noted: &Mutex<Vec<Seen>>,
) -> Option<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let seen = Seen { line, headers, body };
    let number = {
        let mut noted = noted.lock().unwrap();
        noted.push(seen.clone());
        noted.len() - 1
    };
    let (reply, pause) = match script(number, &seen) {
        Reply::Hang => std::future::pending().await,
        Reply::Dribble(body) => (Reply::found(&body), Some(TIMEOUT / 8)),
        reply => (reply, None),
    };
    let (status, headers, body, is_whole) = match reply {
        Reply::Answer(status, headers, body) => (status, headers, body, true),
        Reply::Cut(body) => (200, FOUND, body, false),
        Reply::Hang | Reply::Dribble(_) => return None,
    };
    let head = format!("HTTP/1.1 {status} -\r\n{headers}content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    let sent = if is_whole { &body[..] } else { &body[..body.len() / 2] };
    for piece in sent.chunks(if pause.is_some() { 1 } else { sent.len().max(1) }) {
        stream.write_all(piece).await.ok()?;
        tokio::time::sleep(pause.unwrap_or_default()).await;
    }
    is_whole.then_some(())
}
