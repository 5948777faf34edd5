//! A request over HTTP/1.1 as it is written on the wire, so that it can be changed after it was signed.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Request, StatusCode, request::Parts};
use prosopa_http::signatures::{ContentDigest, Nonce, SignedRequest, Signer};
use prosopa_model::Timestamp;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The headers that a signature adds.
const ADDED: [&str; 3] = ["Content-Digest", "Signature-Input", "Signature"];

#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// As it is written, chunked or not.
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.head))
    }
}

impl Message {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let headers = vec![("Host".to_owned(), "api.test".to_owned())];
        Self { method: method.to_owned(), target: target.to_owned(), headers, body: Vec::new() }
            .with("Connection", "close")
    }

    pub(crate) fn post(target: &str, body: &str) -> Self {
        let mut message = Self::new("POST", target).with("Content-Length", &body.len().to_string());
        message.body = body.as_bytes().to_vec();
        message
    }

    /// With one header more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        let count = self.headers.len();
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        assert!(self.headers.len() < count, "there is no {name}");
        self
    }

    /// With another value for a header that is there.
    pub(crate) fn set(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("there is no {name}")).1
    }

    /// With a text of a header replaced.
    pub(crate) fn replace(self, name: &str, from: &str, to: &str) -> Self {
        let value = self.header(name).to_owned();
        assert!(value.contains(from), "{from} is not in {value}");
        self.set(name, &value.replace(from, to))
    }

    pub(crate) fn with_method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    pub(crate) fn with_target(mut self, target: &str) -> Self {
        self.target = target.to_owned();
        self
    }

    /// With this body, of which nothing is announced that was not before.
    pub(crate) fn with_body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    /// In chunks, instead of with a length.
    pub(crate) fn in_chunks(mut self, chunks: &[&str]) -> Self {
        let written = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
        self.body = format!("{}0\r\n\r\n", written.collect::<String>()).into_bytes();
        if self.headers.iter().any(|(name, _)| name == "Content-Length") {
            self = self.without("Content-Length").with("Transfer-Encoding", "chunked");
        }
        self
    }

    /// Signs as our own signer does; the body is what is written.
    pub(crate) fn sign(self, signer: &Signer, now_s: i64, nonce: Nonce) -> Self {
        let body = self.body.clone();
        self.sign_content(signer, now_s, nonce, &body)
    }

    /// Signs as our own signer does.
    pub(crate) fn sign_content(mut self, signer: &Signer, now_s: i64, nonce: Nonce, content: &[u8]) -> Self {
        let mut parts = self.parts();
        let now = Timestamp::from_micros(now_s * 1_000_000);
        signer.sign(&mut parts, ContentDigest::of(content), now, nonce).unwrap();
        for name in ADDED {
            self = self.with(name, parts.headers[name].to_str().unwrap());
        }
        self
    }

    /// Signs these components and parameters under the label `a`, as anybody may.
    pub(crate) fn sign_as(self, components: &str, parameters: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let signed = self.with("Signature-Input", &format!("a=({components}){parameters}"));
        let claimed = signed.clone().with("Signature", "a=:AAAA:");
        let request = SignedRequest::parse(&claimed.parts()).unwrap().unwrap();
        let signature = STANDARD.encode(sign(request.signature_base().as_bytes()));
        signed.with("Signature", &format!("a=:{signature}:"))
    }

    /// The head as a server reads it.
    pub(crate) fn parts(&self) -> Parts {
        let request = Request::builder().method(self.method.as_str()).uri(&self.target);
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        request.body(()).unwrap().into_parts().0
    }

    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    pub(crate) async fn send(&self, address: SocketAddr) -> Reply {
        let mut client = TcpStream::connect(address).await.unwrap();
        // A refusal may come before all is written, and the connection may then be closed.
        let _ = client.write_all(&self.head()).await;
        let _ = client.write_all(&self.body).await;
        read(&mut client).await
    }
}

/// Reads one answer to its end.
pub(crate) async fn read(client: &mut TcpStream) -> Reply {
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head, body: answer[end + 4..].to_vec() }
}
