//! K2, N9: requests that API clients sign, over real connections.

mod attacks;
mod content;
mod genuine;
mod losses;
pub(crate) mod message;
mod nonces;
mod specification;

use std::sync::Arc;

use http::StatusCode;
use prosopa_contract::client_keys::{ClientKey, SignatureAlgorithm};
use prosopa_gateway::Config;
use prosopa_http::signatures::{Nonce, Signer, SigningKey};
use prosopa_model::{ApiClientId, Credential, Principal};
use secrecy::SecretSlice;

use self::message::{Message, Reply};
use crate::harness::{Gateway, fast, user};

pub(crate) const SECRET: &[u8] = b"pss_0123456789abcdef0123456789abcdef";

pub(crate) const THINGS: &str = "/api/v1/things";

/// A gateway that knows a client with a shared secret, `psa_hmac`, and one with a key pair, `psa_pair`.
pub(crate) struct Scene {
    pub(crate) gateway: Gateway,
    /// Of both clients.
    pub(crate) principal: Principal,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::start_with(fast()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        Self::around(Gateway::start(config).await)
    }

    /// With a gateway that runs already.
    pub(crate) fn around(gateway: Gateway) -> Self {
        let principal = Principal { credential: Credential::Client(ApiClientId::new()), ..user() };
        let key = |algorithm, material: &[u8]| ClientKey {
            principal: principal.clone(),
            algorithm,
            material: SecretSlice::from(material.to_vec()),
            valid_until: None,
        };
        gateway.know_key("psa_hmac", key(SignatureAlgorithm::HmacSha256, SECRET));
        gateway.know_key("psa_other", key(SignatureAlgorithm::HmacSha256, SECRET));
        gateway.know_key("psa_broken", key(SignatureAlgorithm::HmacSha256, b"short"));
        gateway.know_key("psa_pair", key(SignatureAlgorithm::Ed25519, &public_key()));
        gateway.know("token", &principal);
        Self { gateway, principal }
    }

    /// A request that makes a thing, signed now with the shared secret and a nonce of its own.
    pub(crate) fn signed(&self, body: &str) -> Message {
        self.sign(Message::post(THINGS, body))
    }

    /// Signs now with the shared secret and a nonce of its own.
    pub(crate) fn sign(&self, message: Message) -> Message {
        message.sign(&signer("psa_hmac"), self.now_s(), Nonce::random().unwrap())
    }

    pub(crate) async fn send(&self, message: &Message) -> Reply {
        message.send(self.gateway.address).await
    }

    /// Sends what must be refused like any other credential that is not genuine; nothing may come of it.
    #[track_caller]
    pub(crate) fn expect_refused(&self, case: &str, reply: &Reply) {
        let (status, problem) = (reply.status, reply.json());
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNAUTHORIZED, &"unauthenticated".into()),
            "{case}: {problem}"
        );
        assert_eq!(problem["detail"], serde_json::Value::Null, "{case}");
        assert_eq!(self.committed(), 0, "{case}");
    }

    /// How often the service has done its work.
    pub(crate) fn committed(&self) -> usize {
        self.gateway.probe.committed.load(std::sync::atomic::Ordering::SeqCst)
    }

    pub(crate) fn now_s(&self) -> i64 {
        prosopa_model::Clock::now(&*self.gateway.clock).seconds()
    }

    /// How many signatures had this outcome.
    pub(crate) fn outcomes(&self, outcome: &str) -> u64 {
        let metrics = self.gateway.platform.metrics.render();
        let name = format!("prosopa_gateway_signatures_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
    }
}

pub(crate) fn signer(access_key: &str) -> Signer {
    let key = match access_key {
        "psa_pair" => pair(),
        _ => SigningKey::hmac_sha256(SECRET).unwrap(),
    };
    Signer::new(access_key, key).unwrap()
}

fn pair() -> SigningKey {
    SigningKey::ed25519(&[7; 32]).unwrap()
}

pub(crate) fn public_key() -> Vec<u8> {
    pair().public_key().unwrap().to_vec()
}

/// Sends the same message so many times at once; gives the statuses.
pub(crate) async fn race(messages: Vec<(Message, std::net::SocketAddr)>) -> Vec<StatusCode> {
    let barrier = Arc::new(tokio::sync::Barrier::new(messages.len()));
    let calls = messages.into_iter().map(|(message, address)| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            message.send(address).await.status
        })
    });
    let mut statuses = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        statuses.push(call.await.unwrap());
    }
    statuses
}
