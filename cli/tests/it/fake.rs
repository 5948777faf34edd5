//! A server on loopback whose answers a test chooses, and which remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::serve::Listener;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// An answer.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json", body.to_string())
    }

    pub(crate) fn raw(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers =
            vec![("content-type", content_type.to_owned()), ("x-request-id", "req-from-header".to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn empty() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new() }
    }

    /// A problem document with further members.
    pub(crate) fn problem(status: u16, code: &str, title: &str, more: Value) -> Self {
        let mut body = json!({ "type": format!("/errors/{code}"), "title": title, "status": status, "code": code,
            "detail": format!("detail of {code}"), "request_id": "req-1" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Self::raw(status, "application/problem+json", body.to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// What was asked.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) at: Instant,
    pub(crate) operation: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn bearer(&self) -> &str {
        self.header("authorization").strip_prefix("Bearer ").unwrap_or_default()
    }
}

type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Handler = Arc<dyn Fn(Request) -> Answering + Send + Sync>;

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    scripts: Mutex<HashMap<String, VecDeque<Reply>>>,
    handlers: Mutex<HashMap<String, Handler>>,
}

/// The server; gone when dropped.
pub(crate) struct Fake {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

impl Fake {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(url, move || TcpListener::from_std(listener).unwrap())
    }

    /// Serves on what `listen` makes once there is a runtime.
    pub(crate) fn serve<L>(url: String, listen: impl FnOnce() -> L + Send + 'static) -> Self
    where
        L: Listener<Addr: std::fmt::Debug>,
    {
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let serve = axum::serve(listen(), router).into_future();
                tokio::select! { _ = serve => {}, _ = stopped => {} }
            });
        });
        Self { url, shared, _stop: stop }
    }

    /// Answers an operation such as `GET /users/me` with these, one after another; the last again and again.
    pub(crate) fn on(&self, operation: &str, replies: impl IntoIterator<Item = Reply>) -> &Self {
        self.shared.scripts.lock().unwrap().insert(operation.to_owned(), replies.into_iter().collect());
        self
    }

    /// Answers an operation with what the handler gives.
    pub(crate) fn handle<F>(
        &self,
        operation: &str,
        handler: impl Fn(Request) -> F + Send + Sync + 'static,
    ) -> &Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |request| Box::pin(handler(request)));
        self.shared.handlers.lock().unwrap().insert(operation.to_owned(), handler);
        self
    }

    /// What was asked of an operation so far.
    pub(crate) fn requests(&self, operation: &str) -> Vec<Request> {
        let requests = self.shared.requests.lock().unwrap();
        requests.iter().filter(|request| request.operation == operation).cloned().collect()
    }

    /// How many requests came, to any operation.
    pub(crate) fn request_count(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let path = uri.path().strip_prefix("/api/v1").unwrap_or("outside /api/v1");
    let operation = format!("{method} {path}");
    let request = Request {
        at: Instant::now(),
        operation,
        query: uri.query().unwrap_or_default().to_owned(),
        method,
        uri,
        headers,
        body: axum::body::to_bytes(body, 64 * 1024 * 1024).await.unwrap(),
    };
    shared.requests.lock().unwrap().push(request.clone());
    let handler = shared.handlers.lock().unwrap().get(&request.operation).cloned();
    let reply = match handler {
        Some(handler) => handler(request).await,
        None => scripted(&shared, &request.operation),
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

fn scripted(shared: &Shared, operation: &str) -> Reply {
    let mut scripts = shared.scripts.lock().unwrap();
    match scripts.get_mut(operation) {
        Some(replies) if replies.len() > 1 => replies.pop_front().unwrap(),
        Some(replies) => replies.front().unwrap().clone(),
        None => Reply::problem(404, "not-found", "There is no such thing", json!({})),
    }
}
