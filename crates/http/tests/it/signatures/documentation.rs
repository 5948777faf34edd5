//! What `docs/request-signing.md` shows is true: its script signs what is accepted here.

use std::process::Command;

use http::request::Parts;

use prosopa_http::signatures::{
    ContentDigest, Nonce, SignatureError, SignedRequest, Signer, SigningKey, VerifyingKey,
};

use super::support::{BODY, NOW_SECONDS, at, head};

const PAGE: &str = include_str!("../../../../../docs/request-signing.md");

const SECRET_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The blocks of the page in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let mut fenced = PAGE.split("```").skip(1).step_by(2);
    let mut found = Vec::new();
    while let Some((name, text)) = fenced.next().and_then(|block| block.split_once('\n')) {
        if name == language {
            found.push(text.trim_end());
        }
    }
    found
}

/// K2: the base, the digest and the signature of the page are ours.
#[test]
fn the_worked_example_is_right() {
    let mut parts = head("POST", "/api/v1/search/jobs?priority=normal", &[("host", "localhost:8080")]);
    let signer = Signer::new("client-1", SigningKey::hmac_sha256(SECRET_KEY.as_bytes()).unwrap()).unwrap();
    let nonce = Nonce::from_bytes(*b"sixteen bytes ok");
    signer.sign(&mut parts, ContentDigest::of(BODY), at(NOW_SECONDS), nonce).unwrap();
    let request = SignedRequest::parse(&parts).unwrap().unwrap();
    assert_eq!(blocks("text"), [request.signature_base()]);

    let header = |shown: &str, name: &str| format!("{shown}: {}", parts.headers[name].to_str().unwrap());
    let headers = [
        header("Content-Digest", "content-digest"),
        header("Signature-Input", "signature-input"),
        header("Signature", "signature"),
    ];
    let shown = blocks("http");
    assert_eq!(shown[1], headers.join("\n"));
    assert_eq!(shown[0], "POST /api/v1/search/jobs?priority=normal HTTP/1.1\nHost: localhost:8080");
}

/// K2: the script of the page, with a `curl` that tells what it would send, signs with HMAC.
#[test]
fn the_script_signs_with_a_secret() {
    let parts = run(blocks("bash")[0], "");
    let key = VerifyingKey::hmac_sha256(SECRET_KEY.as_bytes()).unwrap();
    assert_eq!(verify(&parts, &key), Ok(()));
    let other = VerifyingKey::hmac_sha256(&[7; 32]).unwrap();
    assert_eq!(verify(&parts, &other), Err(SignatureError::Mismatch));
}

/// K2: the same with the function of the page for a key pair.
#[test]
fn the_script_signs_with_a_key_pair() {
    let [script, function] = blocks("bash")[..] else { panic!("the page has two blocks") };
    let hmac = script.lines().find(|line| line.starts_with("sign()")).unwrap();
    let before = "openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null\n\
                  printf 'key %s\\n' \"$(openssl pkey -in key.pem -pubout -outform DER | openssl base64 -A)\"";
    let output = output_of(&script.replace(hmac, function), before);
    let der = super::support::base64(output.lines().find_map(|line| line.strip_prefix("key ")).unwrap());
    let key = VerifyingKey::ed25519(&der[der.len() - 32..]).unwrap();
    assert_eq!(verify(&sent(&output), &key), Ok(()));
}

/// Checks the policy at the time at which the script ran, and the signature.
fn verify(parts: &Parts, key: &VerifyingKey) -> Result<(), SignatureError> {
    let request = SignedRequest::parse(parts)?.unwrap();
    assert_eq!(request.key_id(), "client-1");
    let (_, created) = request.signature_base().rsplit_once(";created=").unwrap();
    let created: i64 = created.split(';').next().unwrap().parse().unwrap();
    let terms = request.check_policy(at(created))?;
    assert_eq!(terms.body_digest, ContentDigest::of(BODY));
    request.verify(key)
}

fn run(script: &str, before: &str) -> Parts {
    sent(&output_of(script, before))
}

/// What the script and the commands before it write; `curl` writes its arguments, one to a line.
fn output_of(script: &str, before: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("photo.png"), BODY).unwrap();
    let curl = r#"curl() { printf 'curl %s\n' "$@"; }"#;
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("{curl}\n{before}\n{script}")])
        .env("ACCESS_KEY", "client-1")
        .env("SECRET_KEY", SECRET_KEY)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The request that `curl` would send, as a server sees it over HTTP/1.1.
fn sent(output: &str) -> Parts {
    let mut arguments = output.lines().filter_map(|line| line.strip_prefix("curl "));
    let (mut method, mut url, mut body) = ("", "", "");
    let mut headers = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument {
            "--request" => method = arguments.next().unwrap(),
            "--header" => headers.push(arguments.next().unwrap().split_once(": ").unwrap()),
            "--data-binary" => body = arguments.next().unwrap(),
            other => url = other,
        }
    }
    assert_eq!(body, "@photo.png");
    let (host, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    headers.push(("host", host));
    head(method, &format!("/{target}"), &headers)
}
