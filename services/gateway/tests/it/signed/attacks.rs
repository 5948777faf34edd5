//! F7, K2: what somebody on the way could try, or somebody with another key.

use http::StatusCode;
use prosopa_gateway::{Config, Rate};
use prosopa_http::signatures::{ContentDigest, Nonce, Signer, SigningKey};
use prosopa_testkit::{keep_log, take_log};

use super::{
    SECRET, Scene, THINGS,
    genuine::{mac, mac_with, parameters},
    message::Message,
    public_key, signer,
};
use crate::harness::fast;

const ALL: &str = r#""@method" "@authority" "@path" "@query" "content-digest""#;

/// With each case a genuine request that was changed on the way; what was changed says the name.
#[tokio::test]
async fn nothing_that_is_signed_can_be_changed() {
    let scene = Scene::start().await;
    let other = ContentDigest::of(b"b thing").header_value();
    let other = other.to_str().unwrap();
    let signed = || scene.sign(Message::post("/api/v1/things?dry=1", "a thing").with("X-Note", "one"));
    let cases: Vec<(&str, Message)> = vec![
        ("method", scene.sign(Message::new("HEAD", THINGS)).with_method("GET")),
        ("method in lower case", signed().with_method("post")),
        ("path", signed().with_target("/api/v1/ignored-errors?dry=1")),
        ("query", signed().with_target("/api/v1/things?dry=0")),
        ("query removed", signed().with_target("/api/v1/things")),
        ("query written otherwise", signed().with_target("/api/v1/things?dry=%31")),
        ("host", signed().set("Host", "evil.test")),
        ("port", signed().set("Host", "api.test:8080")),
        ("host twice", signed().with("Host", "api.test")),
        ("host in the target", signed().with_target("http://evil.test/api/v1/things?dry=1")),
        ("digest", signed().set("Content-Digest", other)),
        ("digest and body", signed().set("Content-Digest", other).with_body("b thing")),
        ("digest stripped", signed().without("Content-Digest")),
        ("digest twice", signed().with("Content-Digest", other)),
        ("signature", signed().set("Signature", "sig1=:AAAA:")),
        ("no signature", signed().without("Signature")),
        ("no input", signed().without("Signature-Input")),
        ("created", signed().replace("Signature-Input", "created=17", "created=16")),
        ("a longer life", signed().replace("Signature-Input", ";nonce", "0;nonce")),
        ("nonce", signed().replace("Signature-Input", "nonce=\"", "nonce=\"A")),
        ("another access key", signed().replace("Signature-Input", "psa_hmac", "psa_other")),
        ("an access key that is not there", signed().replace("Signature-Input", "psa_hmac", "psa_none")),
        ("less covered", signed().replace("Signature-Input", "\"@query\" ", "")),
        ("alg added", signed().replace("Signature-Input", ";keyid", ";alg=\"hmac-sha256\";keyid")),
    ];
    for (case, message) in &cases {
        // What is no request for the server is refused before anybody looks at who signed it.
        let reply = scene.send(message).await;
        if matches!(*case, "method in lower case") {
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{case}");
            continue;
        }
        if matches!(*case, "host twice" | "host in the target") {
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{case}");
            continue;
        }
        scene.expect_refused(case, &reply);
    }
    assert_eq!(scene.gateway.used("token").await, (0, 0));
    let metered = scene.outcomes("mismatch") + scene.outcomes("malformed") + scene.outcomes("insufficient");
    let metered = metered + scene.outcomes("unknown_key");
    assert_eq!(metered, cases.len() as u64 - 3, "each is counted");
    assert_eq!(scene.send(&signed()).await.status, StatusCode::CREATED, "unchanged it is taken");
}

/// What is refused is not told apart by the answer; the log tells why.
#[tokio::test]
async fn all_refusals_are_alike() {
    keep_log();
    let scene = Scene::start().await;
    let used = scene.signed("a thing");
    let by = |access_key| {
        Message::post(THINGS, "a thing").sign(&signer(access_key), scene.now_s(), Nonce::random().unwrap())
    };
    let replies = [
        send_here(&scene, &by("psa_none")).await,
        send_here(&scene, &scene.signed("a thing").set("Signature", "sig1=:AAAA:")).await,
        send_here(&scene, &scene.signed("a thing").with_body("b thing")).await,
        send_here(&scene, &scene.signed("a thing").set("Signature", "sig1=AAAA")).await,
        {
            send_here(&scene, &used).await;
            send_here(&scene, &used).await
        },
        send_here(&scene, &Message::post(THINGS, "a thing").with("Authorization", "Bearer nobody's")).await,
    ];
    for reply in &replies {
        assert_eq!(reply, &replies[0]);
    }
    let log = take_log();
    for reason in [
        "the access key is not known",
        "the signature does not match",
        "the content is not the one that was signed",
        "the field signature is malformed",
        "the nonce was used before",
    ] {
        assert!(log.contains(reason), "{reason} is not in {log}");
    }
    assert!(!log.contains(std::str::from_utf8(SECRET).unwrap()));
}

/// Status, headers and document of an answer without what every request has of its own; on the test's own thread.
async fn send_here(scene: &Scene, message: &Message) -> (StatusCode, Vec<String>, serde_json::Value) {
    let body = axum::body::Body::from(message.body.clone());
    let mut call = crate::harness::Call::post(THINGS);
    call.request = http::Request::from_parts(message.parts(), body);
    let answer = scene.gateway.send(call).await;
    let mut document = answer.json();
    if let Some(document) = document.as_object_mut() {
        document.remove("request_id");
    }
    // A service that was called has its standing in the headers of the refusal.
    let own = ["x-request-id", "ratelimit", "ratelimit-policy", "content-length"];
    let headers = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let mut headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort_unstable();
    (answer.status, headers, document)
}

/// A clock may be 5 seconds ahead, and a signature lives as long as it says, at most 300 seconds.
#[tokio::test]
async fn a_signature_is_taken_only_in_its_time() {
    let scene = Scene::start().await;
    let at = |offset_s| {
        let signer = signer("psa_hmac");
        Message::post(THINGS, "a thing").sign(&signer, scene.now_s() + offset_s, Nonce::random().unwrap())
    };
    for offset_s in [6, 60, 86_400, -60, -61, -86_400] {
        scene.expect_refused(&offset_s.to_string(), &scene.send(&at(offset_s)).await);
    }
    assert_eq!(scene.outcomes("stale"), 6);
    let covered = r#""@method" "@authority" "@path" "@query""#;
    let now_s = scene.now_s();
    for (case, created, expires) in
        [("lives too long", now_s, now_s + 301), ("ends before it begins", now_s, now_s - 1)]
    {
        let parameters =
            format!(";created={created};expires={expires};nonce=\"{:A<22}\";keyid=\"psa_hmac\"", "life");
        let message = Message::new("GET", THINGS).sign_as(covered, &parameters, mac);
        scene.expect_refused(case, &scene.send(&message).await);
    }
    for (made, offset_s) in [(1, 5), (2, -59)] {
        assert_eq!(scene.send(&at(offset_s)).await.status, StatusCode::CREATED, "{offset_s}");
        assert_eq!(scene.committed(), made);
    }
}

/// The algorithm belongs to the key: a public key, which is no secret, is not taken as one.
#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let scene = Scene::start().await;
    for algorithm in [";alg=\"hmac-sha256\"", ";alg=\"ed25519\"", ""] {
        let parameters = parameters(&scene, "confused").replace("psa_hmac", "psa_pair") + algorithm;
        let digest = ContentDigest::of(b"a thing").header_value();
        let message = Message::post(THINGS, "a thing").with("Content-Digest", digest.to_str().unwrap());
        let message = message.sign_as(ALL, &parameters, |base| mac_with(&public_key(), base));
        scene.expect_refused(algorithm, &scene.send(&message).await);
    }
    let parameters = parameters(&scene, "claims") + ";alg=\"ed25519\"";
    let covered = r#""@method" "@authority" "@path" "@query""#;
    let message = Message::new("GET", THINGS).sign_as(covered, &parameters, mac);
    scene.expect_refused("a right signature that claims another algorithm", &scene.send(&message).await);
}

/// Who has another key, or that of another client, signs for nobody else.
#[tokio::test]
async fn another_key_signs_for_nobody_else() {
    let scene = Scene::start().await;
    let mut flipped = SECRET.to_vec();
    flipped[20] ^= 1;
    for (access_key, key) in [
        ("psa_hmac", SigningKey::hmac_sha256(&flipped).unwrap()),
        ("psa_hmac", SigningKey::ed25519(&[7; 32]).unwrap()),
        ("psa_pair", SigningKey::ed25519(&[8; 32]).unwrap()),
        ("psa_pair", SigningKey::hmac_sha256(SECRET).unwrap()),
    ] {
        let signer = Signer::new(access_key, key).unwrap();
        let message = Message::post(THINGS, "a thing").sign(&signer, scene.now_s(), Nonce::random().unwrap());
        scene.expect_refused(access_key, &scene.send(&message).await);
    }
    assert!(scene.gateway.keys.uses.lock().unwrap().is_empty(), "a failure is no use");
}

/// A signature that is right and covers too little is worth nothing.
#[tokio::test]
async fn a_signature_that_covers_too_little_is_refused() {
    let scene = Scene::start().await;
    let digest = ContentDigest::of(b"a thing").header_value();
    let plain = || Message::post(THINGS, "a thing").with("Content-Digest", digest.to_str().unwrap());
    for (index, missing) in ALL.split(' ').enumerate() {
        let covered = ALL.split(' ').filter(|name| *name != missing).collect::<Vec<_>>().join(" ");
        let message = plain().sign_as(&covered, &parameters(&scene, &format!("less{index}")), mac);
        scene.expect_refused(missing, &scene.send(&message).await);
    }
    assert_eq!(scene.outcomes("insufficient"), 5);
    let whole = plain().sign_as(ALL, &parameters(&scene, "whole"), mac);
    assert_eq!(scene.send(&whole).await.status, StatusCode::CREATED);
}

/// A covered header cannot get a second line on the way, nor lose the one it has.
#[tokio::test]
async fn a_covered_header_stays_as_it_is() {
    let scene = Scene::start().await;
    let covered = r#""@method" "@authority" "@path" "@query" "x-note""#;
    let signed = |purpose: &str| {
        Message::new("GET", THINGS).with("X-Note", "one").sign_as(covered, &parameters(&scene, purpose), mac)
    };
    scene.expect_refused("twice", &scene.send(&signed("twice").with("X-Note", "two")).await);
    scene.expect_refused("other", &scene.send(&signed("other").set("X-Note", "two")).await);
    scene.expect_refused("none", &scene.send(&signed("none").without("X-Note")).await);
    assert_eq!(scene.send(&signed("unchanged")).await.status, StatusCode::OK);
}

/// Two signatures of which neither, or both, are for us: nobody guesses which is meant.
#[tokio::test]
async fn of_two_signatures_none_is_guessed() {
    let scene = Scene::start().await;
    let message = scene.signed("a thing");
    let input = message.header("Signature-Input").replacen("sig1", "sig2", 1);
    let signature = message.header("Signature").replacen("sig1", "sig2", 1);
    let twice = message.with("Signature-Input", &input).with("Signature", &signature);
    scene.expect_refused("two", &scene.send(&twice).await);
    let same = scene.signed("a thing");
    let (input, signature) = (same.header("Signature-Input").to_owned(), same.header("Signature").to_owned());
    let same = same.with("Signature-Input", &input).with("Signature", &signature);
    scene.expect_refused("one label twice", &scene.send(&same).await);
}

/// N9: reading a signature is bounded, by the server for any header and by us for these.
#[tokio::test]
async fn a_huge_signature_input_is_not_read() {
    let scene = Scene::start().await;
    let message = scene.signed("a thing");
    let input = message.header("Signature-Input").to_owned();
    let long = |len: usize| format!("{input}, {}", "x=(),".repeat(len / 5));
    let reply = scene.send(&message.clone().set("Signature-Input", &long(5_000))).await;
    scene.expect_refused("5 kB", &reply);
    let reply = scene.send(&message.set("Signature-Input", &long(1_000_000))).await;
    assert_eq!(reply.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(scene.committed(), 0);
}

/// F7: guessing signatures is as slow as guessing keys, and locks out nobody.
#[tokio::test]
async fn guessing_signatures_is_told_to_wait() {
    let rate = Rate { requests_per_second: 1, burst: 3 };
    let scene = Scene::start_with(Config { failed_authentication_rate: rate, ..fast() }).await;
    let used = scene.signed("a thing");
    assert_eq!(scene.send(&used).await.status, StatusCode::CREATED);
    let guesses = [
        scene.signed("a thing").set("Signature", "sig1=:AAAA:"),
        used.clone(),
        scene.signed("a thing").with_body("b thing"),
    ];
    for guess in &guesses {
        assert_eq!(scene.send(guess).await.status, StatusCode::UNAUTHORIZED);
    }
    for guess in [&used, &guesses[0]] {
        let reply = scene.send(guess).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (StatusCode::TOO_MANY_REQUESTS, &"rate-limited".into())
        );
    }
    assert_eq!(scene.send(&scene.signed("a thing")).await.status, StatusCode::CREATED);
}
