//! K2, F8: requests that are signed with an API client's keys, against a server that verifies them.

use std::collections::HashSet;

use axum::http::request::Parts;
use prosopa_http::signatures::{ContentDigest, SignedRequest, VerifyingKey};
use prosopa_model::{Clock as _, SystemClock};
use serde_json::json;

use crate::binary::{Home, Run, finish};
use crate::fake::{Fake, Reply, Request};
use crate::pictures::{created, jpeg};

const SECRET: &str = "pss_0123456789abcdef0123456789abcdef";

/// The key pair of RFC 9421 appendix B.1.4.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
";

/// The public half.
const PUBLIC_KEY: &str = "26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb";

fn shared() -> VerifyingKey {
    VerifyingKey::hmac_sha256(SECRET.as_bytes()).unwrap()
}

fn public() -> VerifyingKey {
    let bytes = (0..32).map(|at| u8::from_str_radix(&PUBLIC_KEY[at * 2..at * 2 + 2], 16).unwrap());
    VerifyingKey::ed25519(&bytes.collect::<Vec<_>>()).unwrap()
}

/// Checks a signature and the content as the server does; gives the nonce.
#[track_caller]
fn verify(request: &Request, key: &VerifyingKey) -> String {
    let mut head = axum::http::Request::new(());
    *head.method_mut() = request.method.clone();
    *head.uri_mut() = request.uri.clone();
    *head.headers_mut() = request.headers.clone();
    let parts: Parts = head.into_parts().0;
    let signed = SignedRequest::parse(&parts).unwrap().expect("a signature");
    assert_eq!(signed.key_id(), "psa_1");
    let terms = signed.check_policy(SystemClock.now()).unwrap();
    signed.verify(key).unwrap();
    assert_eq!(terms.body_digest, ContentDigest::of(&request.body));
    assert!(!request.headers.contains_key("authorization"));
    terms.nonce
}

/// Runs with both keys in the environment.
fn run(home: &Home, fake: &Fake, arguments: &[&str]) -> Run {
    let mut command = home.command(arguments);
    command.env("PROSOPA_SERVER", &fake.url).env("PROSOPA_ACCESS_KEY", "psa_1");
    finish(command.env("PROSOPA_SECRET_KEY", SECRET).spawn().unwrap())
}

fn user() -> Reply {
    let user = json!({ "id": "usr_1", "account_id": "acc_1", "user_name": "ada", "email": "a@b.org", "role": "user",
        "status": "active", "created_at": "2026-01-02T03:04:05Z", "quota": null });
    Reply::json(200, &user)
}

/// K2: a request is signed, whoever is signed in, and nothing else is sent.
#[test]
fn keys_in_the_environment_sign() {
    let fake = Fake::start();
    fake.on("GET /users/me", [user()]);
    let home = Home::signed_in(&fake, "old", "refresh-1");
    assert!(run(&home, &fake, &["whoami"]).expect_code(0).stdout.contains("ada"));
    verify(&fake.requests("GET /users/me")[0], &shared());
}

/// K2: the query and the content of an upload are covered.
#[test]
fn uploads_are_signed_with_their_content() {
    let fake = Fake::start();
    fake.on("POST /faces/detections", [created(1, 1)]);
    let home = Home::new();
    home.write("photo.jpg", jpeg(9, 9));
    run(&home, &fake, &["detect", "photo.jpg", "--subject", "ada & co/1"]).expect_code(0);
    let request = &fake.requests("POST /faces/detections")[0];
    assert!(request.query.contains("subject_id="), "{}", request.query);
    verify(request, &shared());
    let list = ["results", "list", "--start-date", "2026-01-01"];
    fake.on("GET /faces/detections", [Reply::json(200, &json!({ "items": [], "next_cursor": null }))]);
    run(&home, &fake, &list).expect_code(0);
    verify(&fake.requests("GET /faces/detections")[0], &shared());
}

/// K2: another attempt is another request, with a nonce of its own.
#[test]
fn each_attempt_is_signed_anew() {
    let fake = Fake::start();
    let limited = Reply::problem(429, "rate-limited", "Requests come too fast", json!({}));
    fake.on("POST /faces/detections", [limited.clone(), limited, created(1, 1)]);
    let home = Home::new();
    home.write("photo.jpg", jpeg(9, 9));
    run(&home, &fake, &["detect", "photo.jpg"]).expect_code(0);
    let requests = fake.requests("POST /faces/detections");
    let nonces: HashSet<String> = requests.iter().map(|request| verify(request, &shared())).collect();
    assert_eq!((requests.len(), nonces.len()), (3, 3));
}

/// K2: the secret key comes from a file as well, and a private key in PEM signs with Ed25519.
#[test]
fn keys_in_files_sign() {
    let fake = Fake::start();
    fake.on("GET /users/me", [user()]);
    let home = Home::new();
    home.write("secret", format!("{SECRET}\n"));
    home.write("private.pem", PRIVATE_KEY);
    for (file, key) in [("secret", shared()), ("private.pem", public())] {
        let arguments = ["whoami", "--access-key", "psa_1", "--secret-key-file", file];
        home.run(&fake, &arguments).expect_code(0);
        verify(fake.requests("GET /users/me").last().unwrap(), &key);
    }
}

/// F8: who signs is not told to renew a session, and learns what may be wrong.
#[test]
fn a_refused_signature_is_explained() {
    let fake = Fake::start();
    fake.on(
        "GET /users/me",
        [Reply::problem(401, "unauthenticated", "Valid credentials are needed", json!({}))],
    );
    let refused = run(&Home::signed_in(&fake, "old", "refresh-1"), &fake, &["whoami"]).expect_code(3);
    assert!(refused.stderr.contains("this machine's clock"), "{}", refused.stderr);
    assert_eq!(fake.request_count(), 1);
}

/// F8: what makes no sense is a usage error, says so, shows no secret, and sends nothing.
#[test]
fn keys_that_contradict_each_other_are_refused() {
    let fake = Fake::start();
    let home = Home::new();
    home.write("secret", SECRET);
    home.write("short", "too short");
    let access = ["--access-key", "psa_1"];
    let secret = ["--secret-key", SECRET];
    let file = ["--secret-key-file", "secret"];
    for (arguments, code, said) in [
        ([&access[..], &secret, &["--token", "psp_secret"]].concat(), 2, "not both"),
        ([&access[..], &secret, &file].concat(), 2, "not both"),
        (access.to_vec(), 2, "--access-key needs --secret-key-file"),
        (secret.to_vec(), 2, "needs its --access-key"),
        (file.to_vec(), 2, "needs its --access-key"),
        ([&access[..], &["--secret-key", "too short"]].concat(), 2, "not a secret key"),
        ([&["--access-key", "psa \"1"][..], &secret].concat(), 2, "not an access key"),
        ([&access[..], &["--secret-key-file", "short"]].concat(), 1, "neither a secret key nor"),
        ([&access[..], &["--secret-key-file", "absent"]].concat(), 1, "absent"),
        ([&access[..], &["--secret-key-file", "/dev/zero"]].concat(), 1, "/dev/zero"),
    ] {
        let run = home.run(&fake, &[&["whoami"], &arguments[..]].concat()).expect_code(code);
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.contains(SECRET) && !run.stderr.contains("too short"), "{}", run.stderr);
    }
    assert_eq!(fake.request_count(), 0);
}

/// F8: a variable that is set to nothing is not set.
#[test]
fn empty_keys_are_none() {
    let fake = Fake::start();
    fake.on("GET /users/me", [user()]);
    let home = Home::new();
    let mut command = home.command(["whoami", "--token", "given"]);
    command.env("PROSOPA_SERVER", &fake.url).env("PROSOPA_ACCESS_KEY", "").env("PROSOPA_SECRET_KEY", "");
    finish(command.spawn().unwrap()).expect_code(0);
    assert_eq!(fake.requests("GET /users/me")[0].bearer(), "given");
}

/// F8: help tells of the variables, and not what is in them.
#[test]
fn help_shows_no_secret() {
    let help = run(&Home::new(), &Fake::start(), &["whoami", "--help"]).expect_code(0).stdout;
    assert!(help.contains("PROSOPA_SECRET_KEY") && !help.contains(SECRET), "{help}");
}
