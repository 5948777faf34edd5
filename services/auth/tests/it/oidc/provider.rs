//! A provider that says whatever a test wants, which an honest one cannot.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How the ID token is signed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Signed {
    Honestly,
    /// `alg` is `none`, and there is no signature.
    NotAtAll,
    /// With HMAC under the public key.
    WithThePublicKey,
    /// With a key that is not the provider's, by the name of one that is.
    WithAnotherKey,
    /// By a name that no key has.
    ByAnUnknownName,
    /// Honestly, and then the claims were changed.
    BeforeAChange,
}

/// What the provider does next.
#[derive(Clone)]
pub(crate) struct Script {
    /// The claims of the next ID token.
    pub(crate) claims: Value,
    /// The claims for codes of their own.
    pub(crate) claims_by_code: HashMap<String, Value>,
    pub(crate) signed: Signed,
    /// The name of the key.
    pub(crate) kid: String,
    /// What the token endpoint answers instead.
    pub(crate) token_answer: Option<(StatusCode, Value)>,
    pub(crate) userinfo: Value,
    /// Put over the metadata.
    pub(crate) metadata: Value,
}

/// What the provider has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// The last form of the token endpoint.
    pub(crate) form: Vec<(String, String)>,
    /// How the client proved itself.
    pub(crate) authorization: Option<String>,
    pub(crate) key_fetches: usize,
}

struct Shared {
    issuer: String,
    script: Mutex<Script>,
    seen: Mutex<Seen>,
    key: Key,
    other_key: Key,
}

struct Key {
    signs_with: EncodingKey,
    /// x and y, 32 bytes each, behind a byte that says so.
    public: Vec<u8>,
}

impl Key {
    fn new() -> Self {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
        Self {
            signs_with: EncodingKey::from_ec_der(document.as_ref()),
            public: pair.public_key().as_ref().to_vec(),
        }
    }
}

/// The provider, on a port of its own.
pub(crate) struct Provider(Arc<Shared>);

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let script = Script {
            claims: json!({}),
            claims_by_code: HashMap::new(),
            signed: Signed::Honestly,
            kid: "one".into(),
            token_answer: None,
            userinfo: json!({}),
            metadata: json!({}),
        };
        let (script, seen) = (Mutex::new(script), Mutex::default());
        let shared = Arc::new(Shared { issuer, script, seen, key: Key::new(), other_key: Key::new() });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self(shared)
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Changes what it does next.
    pub(crate) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.0.script.lock().unwrap());
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.0.seen.lock().unwrap())
    }
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let issuer = &shared.issuer;
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
    });
    overlay(&mut metadata, &shared.script.lock().unwrap().metadata);
    Json(metadata)
}

pub(crate) fn overlay(under: &mut Value, over: &Value) {
    for (name, value) in over.as_object().unwrap() {
        if value.is_null() {
            under.as_object_mut().unwrap().remove(name);
        } else {
            under[name] = value.clone();
        }
    }
}

async fn keys(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.seen.lock().unwrap().key_fetches += 1;
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = (encode(&shared.key.public[1..33]), encode(&shared.key.public[33..]));
    let kid = shared.script.lock().unwrap().kid.clone();
    Json(json!({ "keys": [
        { "kty": "oct", "kid": "shared", "k": encode(b"a secret that is none") },
        { "kty": "XYZ", "kid": "of the future" },
        { "kty": "EC", "crv": "P-256", "kid": "for secrecy", "use": "enc", "x": x, "y": y },
        { "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": x, "y": y },
    ] }))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let code = form.iter().find(|(name, _)| name == "code").unwrap().1.clone();
    let mut seen = shared.seen.lock().unwrap();
    seen.form = form;
    seen.authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    let mut script = shared.script.lock().unwrap().clone();
    if let Some(claims) = script.claims_by_code.remove(&code) {
        script.claims = claims;
    }
    if let Some((status, answer)) = script.token_answer {
        return (status, [(header::LOCATION, "/userinfo")], Json(answer)).into_response();
    }
    let id_token = sign(&shared, &script);
    Json(json!({ "access_token": "at", "token_type": "Bearer", "id_token": id_token })).into_response()
}

fn sign(shared: &Shared, script: &Script) -> String {
    let encode_json = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = Header { kid: Some(script.kid.clone()), ..Header::new(Algorithm::ES256) };
    let honest = || encode(&header, &script.claims, &shared.key.signs_with).unwrap();
    match script.signed {
        Signed::Honestly => honest(),
        Signed::NotAtAll => {
            let header = json!({ "alg": "none", "typ": "JWT", "kid": script.kid });
            format!("{}.{}.", encode_json(&header), encode_json(&script.claims))
        }
        Signed::WithThePublicKey => {
            let header = Header { kid: Some(script.kid.clone()), ..Header::new(Algorithm::HS256) };
            encode(&header, &script.claims, &EncodingKey::from_secret(&shared.key.public)).unwrap()
        }
        Signed::WithAnotherKey => encode(&header, &script.claims, &shared.other_key.signs_with).unwrap(),
        Signed::ByAnUnknownName => {
            let header = Header { kid: Some("unknown".into()), ..header };
            encode(&header, &script.claims, &shared.key.signs_with).unwrap()
        }
        Signed::BeforeAChange => {
            let token = honest();
            let [head, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
            let mut claims = script.claims.clone();
            claims["sub"] = "somebody else".into();
            format!("{head}.{}.{signature}", encode_json(&claims))
        }
    }
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != "Bearer at") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(shared.script.lock().unwrap().userinfo.clone()).into_response()
}
