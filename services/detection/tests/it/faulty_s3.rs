//! An S3 server in memory that fails in known ways, until it is mended.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, Uri, header};
use tokio::net::TcpListener;

use prosopa_vault::S3Config;

/// The server; it runs for as long as the test does.
#[derive(Clone, Default)]
pub(crate) struct FaultyS3(Arc<Shared>);

#[derive(Default)]
struct Shared {
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// How often each object was to be written, in the order of the first time.
    puts: Mutex<Vec<(String, usize)>>,
    keeps_all: AtomicBool,
    is_mended: AtomicBool,
}

/// What becomes of the object that is the first, second, third, fourth, fifth ... to be written.
const FATES: [Fate; 4] = [Fate::Kept, Fate::AnsweredLate, Fate::Refused, Fate::NeverAnswered];

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    Kept,
    /// Kept, but the first answer says that it was not.
    AnsweredLate,
    /// Not kept.
    Refused,
    /// Kept, but every answer says that it was not.
    NeverAnswered,
}

impl FaultyS3 {
    /// The server, and how its bucket is reached.
    pub(crate) async fn start() -> (Self, S3Config) {
        let server = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = S3Config {
            bucket: "pictures".into(),
            endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
            access_key_id: Some("key".into()),
            secret_access_key: Some("secret".to_owned().into()),
            retries_max: 2,
            ..S3Config::default()
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, config)
    }

    /// From now on nothing is removed or listed.
    pub(crate) fn keep_all(&self) {
        self.0.keeps_all.store(true, Ordering::SeqCst);
    }

    /// From now on nothing fails.
    pub(crate) fn mend(&self) {
        self.0.is_mended.store(true, Ordering::SeqCst);
    }

    /// The last part of every object's name, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let objects = self.0.objects.lock().unwrap();
        objects.keys().map(|name| name.rsplit('/').next().unwrap().to_owned()).collect()
    }

    fn is_mended(&self) -> bool {
        self.0.is_mended.load(Ordering::SeqCst)
    }

    fn keeps_all(&self) -> bool {
        self.0.keeps_all.load(Ordering::SeqCst) && !self.is_mended()
    }

    fn put(&self, name: &str, body: Bytes) -> Response {
        let (fate, attempt) = {
            let mut puts = self.0.puts.lock().unwrap();
            let place = puts.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                puts.push((name.to_owned(), 0));
                puts.len() - 1
            });
            puts[place].1 += 1;
            (FATES[place % FATES.len()], puts[place].1)
        };
        let fate = if self.is_mended() { Fate::Kept } else { fate };
        let is_taken = self.0.objects.lock().unwrap().contains_key(name);
        if fate != Fate::Refused && !is_taken {
            self.0.objects.lock().unwrap().insert(name.to_owned(), body);
        }
        match fate {
            Fate::Refused | Fate::NeverAnswered => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
            Fate::AnsweredLate if attempt == 1 => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
            _ if is_taken => error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
            _ => [(header::ETAG, "\"e\"")].into_response(),
        }
    }

    fn get(&self, name: &str) -> Response {
        match self.0.objects.lock().unwrap().get(name) {
            Some(body) => {
                let headers =
                    [(header::ETAG, "\"e\""), (header::LAST_MODIFIED, "Sat, 31 Jan 2026 12:00:00 GMT")];
                (headers, Body::from(body.clone())).into_response()
            }
            None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
        }
    }

    fn list(&self) -> Response {
        let mut text = "<ListBucketResult>".to_owned();
        for (name, body) in &*self.0.objects.lock().unwrap() {
            let size = body.len();
            write!(text, "<Contents><Key>{name}</Key><LastModified>2026-01-31T12:00:00Z</LastModified><Size>{size}</Size></Contents>").unwrap();
        }
        (text + "</ListBucketResult>").into_response()
    }
}

async fn answer(State(server): State<FaultyS3>, method: Method, uri: Uri, body: Bytes) -> Response {
    let name = uri.path().trim_start_matches("/pictures").trim_start_matches('/');
    match method {
        Method::PUT => server.put(name, body),
        Method::GET if name.is_empty() && server.keeps_all() => {
            error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown")
        }
        Method::GET if name.is_empty() => server.list(),
        Method::GET => server.get(name),
        Method::DELETE if server.keeps_all() => error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        Method::DELETE => {
            server.0.objects.lock().unwrap().remove(name);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    }
}

fn error(status: StatusCode, code: &str) -> Response {
    (status, format!("<Error><Code>{code}</Code></Error>")).into_response()
}
