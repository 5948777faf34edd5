//! One HTTP exchange after another until there is an answer: bounded in size, in time and in number.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use prosopa_http::signatures::Signer;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Identity, Method, Request, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::problem::Problem;
use super::reach::{explain, is_unsent};
use super::retry::RetryPolicy;
use super::signing::sign;
use super::{PAGE_ITEMS, Period};
use crate::args::{GlobalOptions, ServerUrl};
use crate::report::Reporter;

/// Largest answer that is read, in bytes.
const ANSWER_LIMIT_BYTES: usize = 32 * 1024 * 1024;
/// Largest certificate or key file that is read, in bytes.
const PEM_LIMIT_BYTES: u64 = 1024 * 1024;
/// How often a request that never left this machine is sent again at once.
const UNSENT_LIMIT: u32 = 3;
/// Waits at least this long are told to the person.
const TOLD_WAIT: Duration = Duration::from_millis(500);

/// Sends calls to one server. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    server: ServerUrl,
    timeout: Duration,
    retry: RetryPolicy,
    reporter: Arc<Reporter>,
}

/// A request that can be sent more than once.
#[derive(Debug, Clone)]
pub(super) struct Call {
    method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Body>,
}

/// What a request carries.
#[derive(Clone)]
pub(super) struct Body {
    /// Its media type.
    pub(super) content_type: Cow<'static, str>,
    /// Its bytes: shared, so that another attempt costs no copy.
    pub(super) bytes: Bytes,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Authorization<'a> {
    /// Nobody in particular.
    None,
    /// The holder of this token or key.
    Bearer(&'a SecretString),
    /// Who signs.
    Signature(&'a Signer),
}

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    server: ServerUrl,
    body: Bytes,
}

impl std::fmt::Debug for Body {
    /// Without the bytes: they are a password or somebody's picture.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.content_type, self.bytes.len())
    }
}

impl Call {
    /// A request without a body to the operation at these path segments.
    pub(super) fn new(method: Method, segments: &[&str]) -> Self {
        let segments = segments.iter().map(|&segment| segment.to_owned()).collect();
        Self { method, segments, query: Vec::new(), body: None }
    }

    /// With a query parameter, if it has a value.
    pub(super) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// For a page of a list, newest first, with at most so many items.
    pub(super) fn page(self, period: &Period, limit: usize, cursor: Option<&str>) -> Self {
        self.query("start_date", period.start_date.as_deref())
            .query("end_date", period.end_date.as_deref())
            .query("limit", Some(limit.min(PAGE_ITEMS)))
            .query("cursor", cursor)
    }

    /// With a JSON body.
    pub(super) fn json(self, value: &impl Serialize) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(value).map_err(|error| Error::Setup(error.to_string()))?;
        Ok(self.body(Body { content_type: "application/json".into(), bytes: bytes.into() }))
    }

    /// With that body.
    pub(super) fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }
}

impl Answer {
    /// The body as it came.
    pub(super) fn into_bytes(self) -> Bytes {
        self.body
    }

    /// The body as a document.
    pub(super) fn document<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Unintelligible {
            server: self.server.to_string(),
            // The category and the place alone: the rest may quote the body.
            reason: format!(
                "{:?} error at line {} column {}",
                error.classify(),
                error.line(),
                error.column()
            ),
        })
    }
}

impl Transport {
    /// A transport as the options want it.
    pub(super) fn new(
        options: &GlobalOptions,
        retry: RetryPolicy,
        reporter: Reporter,
    ) -> Result<Self, Error> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("prosopa/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(options.timeout())
            .connect_timeout(options.timeout().min(Duration::from_secs(10)));
        if options.server.is_loopback() {
            // A proxy that the environment names for the world outside can not reach this machine's own server.
            builder = builder.no_proxy();
        }
        if let Some(path) = &options.ca_cert {
            let pem = read_pem("--ca-cert", path)?;
            let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if certificates.is_empty() {
                return Err(bad_pem("--ca-cert", path, "holds no certificate in PEM format"));
            }
            builder = builder.tls_certs_only(certificates);
        } else if !options.server.is_https() {
            // No certificate will be checked: a machine without any authorities can still talk to a plain server.
            builder = builder.tls_certs_only([]);
        }
        if let (Some(certificate), Some(key)) = (&options.client_cert, &options.client_key) {
            let mut pem = read_pem("--client-cert", certificate)?;
            pem.push(b'\n');
            pem.extend(read_pem("--client-key", key)?);
            let identity = Identity::from_pem(&pem).map_err(|_| {
                bad_pem(
                    "--client-cert",
                    certificate,
                    "with --client-key it does not make a certificate and its key",
                )
            })?;
            builder = builder.identity(identity);
        }
        let http = builder.build().map_err(|error| Error::Setup(innermost(&error)))?;
        Ok(Self {
            http,
            server: options.server.clone(),
            timeout: options.timeout(),
            retry,
            reporter: Arc::new(reporter),
        })
    }

    /// Sends until there is an answer, a refusal that will not pass, or no patience left.
    pub(super) async fn send(&self, call: &Call, authorization: Authorization<'_>) -> Result<Answer, Error> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let (problem, asked) = match self.exchange(call, authorization).await? {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            if !problem.is_passing() {
                return Err(Error::Refused(Box::new(problem)));
            }
            let Some(wait) = self.retry.wait(attempt, asked, started.elapsed()) else {
                let wait_s =
                    asked.filter(|_| attempt < self.retry.attempts()).map(|wait| wait.as_secs().max(1));
                return Err(Error::GaveUp { problem: Box::new(problem), attempts: attempt, wait_s });
            };
            if wait >= TOLD_WAIT {
                self.reporter.note(&format!(
                    "{}; trying again in {:.1} s ({} of {})",
                    problem,
                    wait.as_secs_f64(),
                    attempt + 1,
                    self.retry.attempts()
                ));
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// One request and its answer, or the server's refusal with how long it asks to wait.
    async fn exchange(
        &self,
        call: &Call,
        authorization: Authorization<'_>,
    ) -> Result<Result<Answer, (Problem, Option<Duration>)>, Error> {
        let response = self.dispatch(call, authorization).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = self.read(response).await?;
        if status.is_success() {
            return Ok(Ok(Answer { server: self.server.clone(), body }));
        }
        if status.is_redirection() {
            let target =
                headers.get(reqwest::header::LOCATION).and_then(|target| target.to_str().ok()).unwrap_or("-");
            let reason =
                format!("it redirects to {}, which --server should name", crate::report::printable(target));
            return Err(Error::Unintelligible { server: self.server.to_string(), reason });
        }
        let request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let problem = Problem::read(status.as_u16(), request_id, &body);
        let asked = problem.retry_after(retry_after(&headers));
        Ok(Err((problem, asked)))
    }

    /// Sends; a request that a dying connection gave back unsent goes out on another one, or the cause comes to light.
    async fn dispatch(&self, call: &Call, authorization: Authorization<'_>) -> Result<Response, Error> {
        let mut left = UNSENT_LIMIT;
        loop {
            match self.http.execute(self.request(call, authorization)?).await {
                Err(error) if left > 0 && is_unsent(&error) => left -= 1,
                outcome => return outcome.map_err(|error| explain(&error, &self.server, self.timeout)),
            }
        }
    }

    fn request(&self, call: &Call, authorization: Authorization<'_>) -> Result<Request, Error> {
        let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
        let mut request = self.http.request(call.method.clone(), self.server.operation(&segments));
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Authorization::Bearer(token) = authorization {
            request = request.header(AUTHORIZATION, bearer(token)?);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, &*body.content_type).body(body.bytes.clone());
        }
        let mut request = request.build().map_err(|error| Error::Setup(innermost(&error)))?;
        if let Authorization::Signature(signer) = authorization {
            sign(signer, &mut request, call.body.as_ref().map_or(&[], |body| &body.bytes))?;
        }
        Ok(request)
    }

    async fn read(&self, mut response: Response) -> Result<Bytes, Error> {
        let mut body = BytesMut::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| explain(&error, &self.server, self.timeout))?
        {
            if body.len() + chunk.len() > ANSWER_LIMIT_BYTES {
                let reason = format!("it is longer than {} MiB", ANSWER_LIMIT_BYTES / 1024 / 1024);
                return Err(Error::Unintelligible { server: self.server.to_string(), reason });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()))
        .map_err(|_| Error::Setup("the token holds characters that no token has".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The header in seconds; dates are not used by the API.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn read_pem(option: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    let read = || {
        if fs::metadata(path)?.len() > PEM_LIMIT_BYTES {
            return Err(std::io::Error::other("is too long for a PEM file"));
        }
        fs::read(path)
    };
    read().map_err(|error| bad_pem(option, path, &error.to_string()))
}

fn bad_pem(option: &'static str, path: &Path, reason: &str) -> Error {
    Error::BadPem { option, path: path.display().to_string(), reason: reason.to_owned() }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
