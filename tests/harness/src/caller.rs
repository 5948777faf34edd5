//! Somebody who calls the product over HTTP.

use std::time::Duration;

use reqwest::{
    Client, Method, RequestBuilder,
    header::HeaderMap,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Longest time for which an unused connection is kept.
const UNUSED_MAX: Duration = Duration::from_secs(2);

/// Password of every user that is made here.
pub const PASSWORD: &str = "correct horse battery staple";

/// A caller with or without credentials. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    base: String,
    /// What is sent as `Authorization: Bearer`.
    pub token: Option<String>,
    /// Name of the user that [`Caller::sign_up`] made.
    pub user_name: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Status and problem code, for short assertions.
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The sum of a metric over its labels, of a body in Prometheus' text format.
    pub fn count(&self, metric: &str) -> u64 {
        let text = String::from_utf8_lossy(&self.body);
        let values = text
            .lines()
            .filter(|line| line.starts_with(metric))
            .filter_map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok()));
        values.sum()
    }

    /// A member of the body that is a text.
    pub fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let text = json.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer} of {json}")).to_owned()
    }
}

impl Caller {
    pub(crate) fn new(base: &str) -> Self {
        // No test waits longer than its runner lets it. Connections that nobody uses are let go before a process that is
        // told to end closes them, as proxies are told to.
        let http = Client::builder().pool_idle_timeout(UNUSED_MAX).build().expect("a client");
        Self { http, base: base.to_owned(), token: None, user_name: String::new() }
    }

    /// Somebody without credentials, of the deployment that the run was given in `PROSOPA_TEST_DEPLOYMENT`.
    pub fn of_deployment() -> Self {
        Self::new(&std::env::var("PROSOPA_TEST_DEPLOYMENT").expect("run it under scripts/test-compose.sh"))
    }

    /// The same caller with other credentials.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Registers a fresh user and logs in.
    pub async fn sign_up(&self) -> Self {
        let user_name = format!("user-{}", Uuid::new_v4().simple());
        let registration = self.register(&user_name).await;
        assert_eq!(registration.status, 201, "{:?}", registration.json());
        self.log_in(&user_name).await
    }

    /// Logs in as a user that [`Self::register`] made.
    pub(crate) async fn log_in(&self, user_name: &str) -> Self {
        self.log_in_with(user_name, PASSWORD).await
    }

    /// Logs in with a password of its own.
    pub(crate) async fn log_in_with(&self, user_name: &str, password: &str) -> Self {
        let login = json!({ "user_name": user_name, "password": password });
        let login = patiently(async || self.post("/api/v1/auth/login", &login).await).await;
        assert_eq!(login.status, 200, "{:?}", login.json());
        Self { user_name: user_name.to_owned(), ..self.with_token(&login.text("/access_token")) }
    }

    /// Asks for a registration.
    pub async fn register(&self, user_name: &str) -> Answer {
        let email = format!("{user_name}@example.org");
        let body = json!({ "user_name": user_name, "email": email, "password": PASSWORD });
        self.post("/api/v1/auth/register", &body).await
    }

    /// Sends a picture as a form, its type told by `media_type`.
    pub async fn detect(&self, picture: Vec<u8>, media_type: &str) -> Answer {
        let part = Part::bytes(picture).file_name("picture").mime_str(media_type).expect("a media type");
        let form = Form::new().part("image", part);
        self.send(self.request(Method::POST, "/api/v1/faces/detections").multipart(form)).await
    }

    /// Sends a picture as the body itself, its type left to the bytes.
    pub async fn detect_bytes(&self, picture: Vec<u8>) -> Answer {
        let request = self.request(Method::POST, "/api/v1/faces/detections");
        self.send(request.header("content-type", "application/octet-stream").body(picture)).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// A request with this caller's credentials, to be changed and sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// Like [`Self::send`], for requests that may find nobody.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }
}

/// Asks again while the rate limit says no.
pub async fn patiently(ask: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status != 429 {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}
