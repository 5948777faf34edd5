//! Principals between processes: their tokens, their keys, and whom each listener believes.

mod keys;
mod layers;
mod listeners;
mod tokens;

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use tonic::{body::Body, transport::Channel};
use tower::{Service, ServiceExt};

use prosopa_model::{AccountId, Principal};
use prosopa_runtime::{PROSOPA_PRINCIPAL, PrincipalConfig, PrincipalSigner, PrincipalVerifier};
use prosopa_testkit::{TestPlatform, principal_of};

/// Requests that ask who calls and are answered to principals only: over HTTP, over gRPC.
const GUARDED: [&str; 2] = ["/mine", "/prosopa.engine.v1.Engine/DescribeModels"];

fn signer(test: &TestPlatform) -> PrincipalSigner {
    PrincipalSigner::new(test.platform.principal_keys().unwrap(), Arc::clone(&test.platform.clock))
}

fn verifier(test: &TestPlatform) -> PrincipalVerifier {
    test.platform.principal_verifier(&PrincipalConfig::default()).unwrap()
}

fn anybody() -> Principal {
    principal_of(AccountId::new())
}

/// A token for `audience`.
fn token(test: &TestPlatform, principal: &Principal, audience: &str) -> String {
    signer(test).sign(principal, audience).unwrap().expose_secret().to_owned()
}

/// A gRPC call with an empty message where the path is a method's, else a GET.
fn request(path: &str, tokens: &[&[u8]]) -> Request<Body> {
    let mut request = if path.starts_with("/prosopa.") {
        let message = http_body_util::Full::new(Bytes::from_static(&[0; 5]));
        let request = Request::post(path).header("content-type", "application/grpc").header("te", "trailers");
        request.body(Body::new(message)).unwrap()
    } else {
        Request::get(path).body(Body::default()).unwrap()
    };
    for token in tokens {
        request.headers_mut().append(PROSOPA_PRINCIPAL, HeaderValue::from_bytes(token).unwrap());
    }
    request
}

/// An answer, read whole.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    /// What came behind the body.
    trailers: HeaderMap,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whose call was answered, if it was.
    fn account(&self) -> Option<&str> {
        Self::header(&self.headers, "x-account")
    }

    /// Whether nobody was let in, in the words of the request's protocol.
    fn is_unauthenticated(&self) -> bool {
        let is_grpc_refusal = self.status == 200
            && Self::header(&self.headers, "content-type") == Some("application/grpc")
            && Self::header(&self.headers, "grpc-status") == Some("16")
            && self.body.is_empty();
        let is_http_refusal = self.status == 401
            && Self::header(&self.headers, "content-type") == Some("application/problem+json")
            && self.json()["code"] == "unauthenticated";
        self.account().is_none() && (is_grpc_refusal || is_http_refusal)
    }
}

async fn call<S, B>(service: S, request: Request<Body>) -> Answer
where
    S: Service<Request<Body>, Response = Response<B>, Error: std::fmt::Debug>,
    B: HttpBody<Data = Bytes, Error: std::fmt::Debug>,
{
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes(), trailers }
}

/// A connection that speaks HTTP/2, gRPC or not.
fn connect(address: std::net::SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}
