use aws_lc_rs::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use proptest::{collection::vec, option, prelude::*, sample::subsequence};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use prosopa_model::{
    AccountId, ApiClientId, ApiKeyId, Clock, Credential, LimitMode, Meter, Principal, QuotaSnapshot,
    RateLimit, Role, Scope, SessionId, Timestamp, UserId, WindowUse,
};
use prosopa_runtime::{PrincipalConfig, PrincipalVerifier, SignError, TokenError};
use prosopa_testkit::{ManualClock, TestPlatform};

use super::{anybody, signer, token, verifier};

/// Noon of 2026-01-31, UTC, at which the clock of tests stands.
const NOON: i64 = 1_769_860_800;

fn after_noon(seconds: i64) -> Timestamp {
    Timestamp::from_micros((NOON + seconds) * 1_000_000)
}

/// Signs whatever it is given, with a key that a verifier knows as `forge`.
struct Forge {
    pair: Ed25519KeyPair,
    verifier: PrincipalVerifier,
    test: TestPlatform,
}

impl Forge {
    fn new() -> Self {
        let test = TestPlatform::new();
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let path = test.home.path().join("public-keys.json");
        let public_key = STANDARD.encode(pair.public_key());
        let set = json!({ "keys": [{ "kid": "forge", "public_key": public_key }] });
        std::fs::write(&path, set.to_string()).unwrap();
        let config = PrincipalConfig { public_keys_file: Some(path) };
        let verifier = test.platform.principal_verifier(&config).unwrap();
        Self { pair, verifier, test }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes())))
    }

    fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        self.verifier.verify(token, "detection", self.test.clock.now())
    }
}

fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn header() -> Value {
    json!({ "typ": "prosopa-principal+jwt", "alg": "EdDSA", "kid": "forge" })
}

fn claims() -> Value {
    json!({
        "iss": "prosopa",
        "aud": "detection",
        "iat": NOON,
        "nbf": NOON,
        "exp": NOON + 60,
        "jti": "018f3c5e-0000-7000-8000-000000000001",
        "principal": {
            "account_id": "acc_00000000000000000000000001",
            "user_id": "usr_00000000000000000000000002",
            "role": "administrator",
            "scopes": ["faces:read", "admin"],
            "credential": { "kind": "api_key", "id": "key_00000000000000000000000003" },
            "requests_per_day_max": 500,
            "plan": "team",
            "quota": {
                "plan": "default",
                "windows": [{
                    "name": "day",
                    "meter": "requests",
                    "mode": "enforce",
                    "limit": 500,
                    "used": 7,
                    "resets_at": "2026-02-01T00:00:00.000000Z"
                }],
                "rate": { "requests_per_second": 10, "burst": 20 }
            }
        }
    })
}

/// The principal of [`claims`].
fn principal() -> Principal {
    Principal {
        account_id: AccountId::from_uuid(Uuid::from_u128(1)),
        user_id: UserId::from_uuid(Uuid::from_u128(2)),
        role: Role::Administrator,
        scopes: [Scope::Admin, Scope::FacesRead].into_iter().collect(),
        credential: Credential::ApiKey(ApiKeyId::from_uuid(Uuid::from_u128(3))),
        requests_per_day_max: Some(500),
        plan: Some("team".parse().unwrap()),
        quota: Some(QuotaSnapshot {
            plan: "default".into(),
            windows: vec![WindowUse {
                name: "day".into(),
                meter: Meter::Requests,
                mode: LimitMode::Enforce,
                limit: 500,
                used: 7,
                resets_at: after_noon(12 * 60 * 60),
            }],
            rate: RateLimit { requests_per_second: 10, burst: 20 },
        }),
    }
}

/// With one value changed; null takes it away.
fn with(mut object: Value, key: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(key)
    } else {
        members.insert(key.to_owned(), value)
    };
    object
}

/// The form that processes of different versions agree on, as it is written.
#[test]
fn a_token_says_this_and_no_more() {
    let test = TestPlatform::new();
    let token = token(&test, &principal(), "detection");
    let parts: Vec<&str> = token.split('.').collect();
    let [written_header, mut written_claims] = [0, 1].map(|index| {
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(parts[index]).unwrap()).unwrap()
    });
    let kid = &test.platform.principal_keys().unwrap().public_keys().keys[0].kid;
    assert_eq!(written_header, with(header(), "kid", json!(kid)));
    let jti: Uuid = written_claims["jti"].as_str().unwrap().parse().unwrap();
    assert!(!jti.is_nil());
    written_claims["jti"] = claims()["jti"].clone();
    assert_eq!(written_claims, claims());
}

/// And as it is read.
#[test]
fn that_form_is_read() {
    let forge = Forge::new();
    assert_eq!(forge.verify(&forge.sign(&header(), &claims())), Ok(principal()));
}

/// A later version may say more about a principal; a service of this one still reads the rest.
#[test]
fn further_claims_do_not_matter() {
    let forge = Forge::new();
    let more = with(claims(), "later", json!({ "is": "unknown" }));
    assert_eq!(forge.verify(&forge.sign(&header(), &more)), Ok(principal()));
}

/// S3: whatever the signer would not have made is refused, even with a genuine signature.
#[test]
fn what_is_not_exactly_ours_is_refused() {
    let forge = Forge::new();
    let headers = [
        (json!({ "alg": "none" }), TokenError::Malformed),
        (json!({ "alg": "HS256" }), TokenError::Malformed),
        (json!({ "alg": "ES256" }), TokenError::Malformed),
        (json!({ "kid": null }), TokenError::Malformed),
        (json!({ "kid": "other" }), TokenError::UnknownKey),
        (json!({ "typ": "JWT" }), TokenError::Malformed),
        (json!({ "typ": null }), TokenError::Malformed),
        (json!({ "crit": ["exp"] }), TokenError::Malformed),
        (json!({ "jku": "https://example.com/keys" }), TokenError::Malformed),
        (json!({ "zip": "DEF" }), TokenError::Malformed),
    ];
    for (change, expected) in headers {
        let (key, value) = change.as_object().unwrap().iter().next().unwrap();
        let token = forge.sign(&with(header(), key, value.clone()), &claims());
        assert_eq!(forge.verify(&token), Err(expected), "{change}");
    }
    let bodies = [
        (json!({ "iss": "somebody" }), TokenError::Issuer),
        (json!({ "iss": null }), TokenError::Malformed),
        (json!({ "aud": "auth" }), TokenError::Audience),
        (json!({ "aud": "detection2" }), TokenError::Audience),
        (json!({ "aud": ["detection"] }), TokenError::Malformed),
        (json!({ "aud": null }), TokenError::Malformed),
        (json!({ "iat": null }), TokenError::Malformed),
        (json!({ "nbf": null }), TokenError::Malformed),
        (json!({ "exp": null }), TokenError::Malformed),
        (json!({ "exp": "tomorrow" }), TokenError::Malformed),
        (json!({ "jti": null }), TokenError::Malformed),
        (json!({ "principal": null }), TokenError::Malformed),
        (json!({ "principal": { "role": "administrator" } }), TokenError::Malformed),
        (json!({ "exp": NOON + 61 }), TokenError::LivesTooLong),
        (json!({ "exp": i64::MAX }), TokenError::LivesTooLong),
        (json!({ "nbf": NOON - 1 }), TokenError::LivesTooLong),
        (json!({ "iat": i64::MIN }), TokenError::LivesTooLong),
        (json!({ "iat": NOON + 6 }), TokenError::NotYetValid),
        (json!({ "nbf": i64::MAX }), TokenError::NotYetValid),
        (json!({ "exp": NOON - 6 }), TokenError::Expired),
        (json!({ "exp": 0 }), TokenError::Expired),
        (json!({ "padding": "x".repeat(8 * 1024) }), TokenError::TooLong),
    ];
    for (change, expected) in bodies {
        let (key, value) = change.as_object().unwrap().iter().next().unwrap();
        let token = forge.sign(&header(), &with(claims(), key, value.clone()));
        assert_eq!(forge.verify(&token), Err(expected), "{change}");
    }
    for token in ["", ".", "..", "...", "a.b.c", "\0", &forge.sign(&header(), &claims())[1..]] {
        assert_eq!(forge.verify(token), Err(TokenError::Malformed), "{token}");
    }
}

/// RFC 8725 section 3.1: a public key is no secret to make a MAC with.
#[test]
fn a_public_key_is_not_taken_for_a_secret() {
    let forge = Forge::new();
    for alg in ["HS256", "EdDSA"] {
        let message = message(&with(header(), "alg", json!(alg)), &claims());
        let secret = hmac::Key::new(hmac::HMAC_SHA256, forge.pair.public_key().as_ref());
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()));
        let expected = if alg == "EdDSA" { TokenError::Signature } else { TokenError::Malformed };
        assert_eq!(forge.verify(&format!("{message}.{tag}")), Err(expected));
    }
}

#[test]
fn a_signature_of_another_key_is_refused() {
    let forge = Forge::new();
    let message = message(&header(), &claims());
    let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(other.sign(message.as_bytes()));
    assert_eq!(forge.verify(&format!("{message}.{signature}")), Err(TokenError::Signature));
    let unsigned = format!("{message}.");
    assert_eq!(forge.verify(&unsigned), Err(TokenError::Signature));
}

/// S3: a token may be used for a minute, give or take the difference of two clocks.
#[test]
fn a_token_lives_for_a_minute() {
    let test = TestPlatform::new();
    let (verifier, who) = (verifier(&test), anybody());
    let token = token(&test, &who, "detection");
    let at = |seconds: i64| verifier.verify(&token, "detection", after_noon(seconds));
    assert_eq!(at(-6), Err(TokenError::NotYetValid));
    assert_eq!(at(-5), Ok(who.clone()));
    assert_eq!(at(64), Ok(who));
    assert_eq!(at(65), Err(TokenError::Expired));
    assert_eq!(at(66), Err(TokenError::Expired));
}

/// What no service would read is an error where it is made.
#[test]
fn a_principal_that_is_too_large_is_not_signed() {
    let (test, mut who) = (TestPlatform::new(), principal());
    who.quota.as_mut().unwrap().plan = "x".repeat(8 * 1024);
    let refused = signer(&test).sign(&who, "detection");
    assert!(matches!(refused, Err(SignError::TooLong { len }) if len > 8 * 1024));
}

/// Every token is another one, so that what it says of the quota is never old.
#[test]
fn the_quota_is_the_one_of_the_moment() {
    let (test, mut who) = (TestPlatform::new(), principal());
    let verifier = verifier(&test);
    for used in [7, 8, 8] {
        who.quota.as_mut().unwrap().windows[0].used = used;
        let token = token(&test, &who, "detection");
        assert_eq!(verifier.verify(&token, "detection", after_noon(0)), Ok(who.clone()));
    }
}

fn timestamps() -> impl Strategy<Value = Timestamp> {
    (0..253_000_000_000_000_000_i64).prop_map(Timestamp::from_micros)
}

prop_compose! {
    fn windows()(
        name in "[a-z_0-9]{1,30}",
        meter in prop::sample::select(&Meter::ALL[..]),
        is_shadow in any::<bool>(),
        limit in any::<u64>(),
        used in any::<u64>(),
        resets_at in timestamps(),
    ) -> WindowUse {
        let mode = if is_shadow { LimitMode::Shadow } else { LimitMode::Enforce };
        WindowUse { name, meter, mode, limit, used, resets_at }
    }
}

prop_compose! {
    /// As large as a plan of the gateway may be, and with names that are harder to write.
    fn quotas()(
        plan in "\\PC{0,63}",
        windows in vec(windows(), 0..=8),
        requests_per_second in any::<u32>(),
        burst in any::<u32>(),
    ) -> QuotaSnapshot {
        QuotaSnapshot { plan, windows, rate: RateLimit { requests_per_second, burst } }
    }
}

prop_compose! {
    fn principals()(
        [account, user, credential] in any::<[u128; 3]>().prop_map(|bits| bits.map(Uuid::from_u128)),
        is_administrator in any::<bool>(),
        kind in 0..3_u8,
        scopes in subsequence(&Scope::ALL[..], 0..=Scope::ALL.len()),
        requests_per_day_max in option::of(any::<u64>()),
        plan in option::of("[a-z0-9]{1,63}"),
        quota in option::of(quotas()),
    ) -> Principal {
        Principal {
            account_id: AccountId::from_uuid(account),
            user_id: UserId::from_uuid(user),
            role: if is_administrator { Role::Administrator } else { Role::User },
            scopes: scopes.into_iter().collect(),
            credential: match kind {
                0 => Credential::ApiKey(ApiKeyId::from_uuid(credential)),
                1 => Credential::Client(ApiClientId::from_uuid(credential)),
                _ => Credential::Session(SessionId::from_uuid(credential)),
            },
            requests_per_day_max,
            plan: plan.map(|name| name.parse().unwrap()),
            quota,
        }
    }
}

/// Every principal arrives as it was sent, and leaves room in the headers of its request.
#[test]
fn every_principal_survives_the_way() {
    let test = TestPlatform::new();
    let (signer, verifier) = (signer(&test), verifier(&test));
    proptest!(|(who in principals())| {
        let token = signer.sign(&who, "detection").unwrap();
        prop_assert!(token.expose_secret().len() < 4 * 1024);
        prop_assert_eq!(verifier.verify(token.expose_secret(), "detection", after_noon(0)), Ok(who));
    });
}

/// No byte of a token can be changed, taken away or added.
#[test]
fn a_token_that_was_touched_is_refused() {
    let test = TestPlatform::new();
    let verifier = verifier(&test);
    let token = token(&test, &principal(), "detection");
    let clock = ManualClock::at("2026-01-31T12:00:00Z");
    let is_refused = |touched: &[u8]| {
        let touched = String::from_utf8_lossy(touched);
        verifier.verify(&touched, "detection", clock.now()).is_err()
    };
    assert!(!is_refused(token.as_bytes()));
    proptest!(|(at in 0..token.len(), byte in 0x20_u8..0x7f)| {
        let mut changed = token.clone().into_bytes();
        changed[at] = byte;
        prop_assert!(byte == token.as_bytes()[at] || is_refused(&changed));
        let mut shorter = token.clone().into_bytes();
        shorter.remove(at);
        prop_assert!(is_refused(&shorter));
        let mut longer = token.clone().into_bytes();
        longer.insert(at, byte);
        prop_assert!(is_refused(&longer));
    });
}
