//! What a whole gateway makes of a request for a file: its path, and the part that is asked for.

use std::{
    fs,
    sync::{Arc, LazyLock},
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use prosopa_contract::verifier::{Verified, Verifier, VerifyError};
use prosopa_gateway::{Config, GatewayService, Rate};
use prosopa_model::{Principal, SystemClock};
use prosopa_runtime::{Platform, Service as _};
use prosopa_vault::Keyring;

use super::{Target, with_head};

pub(super) const FILES: Target = Target {
    name: "files",
    samples: &[
        b"GET /hundred.txt\nrange: bytes=0-9",
        b"HEAD /hundred.txt\nrange: bytes=-5\nif-range: \"1\"\naccept-encoding: gzip",
        b"GET /\nif-none-match: *\naccept: text/html",
        b"GET /api/openapi.json\naccept-encoding: br;q=0.5, gzip",
    ],
    words: &[
        b"/hundred.txt",
        b"\nrange: ",
        b"bytes=",
        b"0-",
        b"-1",
        b"99-99",
        b"100-",
        b", ",
        b"18446744073709551615",
        b"\nif-range: ",
        b"\nif-none-match: ",
        b"\nif-modified-since: Sat, 01 Jan 2050 00:00:00 GMT",
        b"\naccept-encoding: ",
        b"gzip",
        b";q=",
        b"../",
        b"%2e%2e/",
        b"/.env",
        b"//",
        b"/api/v1/",
        b"?",
        b"/..%2f",
        b"\nrange: bytes=5-4",
    ],
    read: read_file,
};

/// A hundred bytes that each tell where they stand.
const HUNDRED: [u8; 100] = {
    let mut bytes = [0; 100];
    let mut place = 0;
    while place < 100 {
        bytes[place] = place as u8;
        place += 1;
    }
    bytes
};

/// What lies beside the files that are served.
const SECRET: &str = "nobody reads this";

struct Door {
    runtime: Runtime,
    router: Router,
    _folder: TempDir,
}

static DOOR: LazyLock<Door> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (router, folder) = runtime.block_on(open());
    Door { runtime, router, _folder: folder }
});

async fn open() -> (Router, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("hundred.txt"), HUNDRED).unwrap();
    fs::write(root.join("index.html"), "<!doctype html>").unwrap();
    fs::write(root.join(".env"), SECRET).unwrap();
    fs::write(folder.path().join("outside.txt"), SECRET).unwrap();
    let keyring = Keyring::open_or_create(&folder.path().join("keyring.json")).unwrap();
    let mut platform = Platform::new(folder.path(), keyring, Arc::new(SystemClock));
    platform.peers.verifier = Some(Arc::new(Nobody));
    let rate = Rate { requests_per_second: 1_000_000, burst: 1_000_000 };
    let config =
        Config { static_dir: Some(root), static_rate: rate, address_rate: rate, ..Config::default() };
    let parts = GatewayService::build(config, &platform).await.unwrap();
    (parts.http, folder)
}

/// Knows no credential.
struct Nobody;

#[async_trait]
impl Verifier for Nobody {
    async fn verify(&self, _: SecretString) -> Result<Principal, VerifyError> {
        Err(VerifyError::Invalid)
    }

    async fn examine(&self, _: SecretString) -> Result<Verified, VerifyError> {
        Err(VerifyError::Invalid)
    }

    async fn still_holds(&self, _: &Principal) -> Result<bool, VerifyError> {
        Ok(false)
    }
}

fn read_file(bytes: &[u8]) -> String {
    with_head(bytes, |parts| {
        let path = parts.uri.path().to_owned();
        let request = Request::from_parts(parts, Body::empty());
        let (status, headers, body) = DOOR.runtime.block_on(async {
            let Ok(response) = DOOR.router.clone().oneshot(request).await;
            let (head, body) = response.into_parts();
            (head.status, head.headers, body.collect().await.unwrap().to_bytes())
        });
        assert!(!status.is_server_error(), "{status}");
        assert!(!String::from_utf8_lossy(&body).contains(SECRET), "a hidden file");
        if status == StatusCode::PARTIAL_CONTENT && path == "/hundred.txt" {
            check_part(&headers, &body);
        }
        format!("{status} {} {}", headers.contains_key(header::CONTENT_ENCODING), body.len().min(128) / 16)
    })
}

/// RFC 9110, section 14.4: the part is the one that its head names.
fn check_part(headers: &HeaderMap, body: &[u8]) {
    let named = headers[header::CONTENT_RANGE].to_str().unwrap();
    let (first, last) =
        named.strip_prefix("bytes ").and_then(|text| text.strip_suffix("/100")?.split_once('-')).unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    assert!(first <= last && last < 100, "{named}");
    let length: usize = headers[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    assert_eq!(length, last - first + 1, "{named}");
    // Who asks for the head alone gets no body.
    assert!(body.is_empty() || body == &HUNDRED[first..=last], "{named}");
}
