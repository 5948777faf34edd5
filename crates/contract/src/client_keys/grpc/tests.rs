//! Over a real socket.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Mutex;

use tonic::transport::{Server, server::TcpIncoming};

use prosopa_model::{AccountId, ApiClientId, Credential, Principal, Role, Scopes, UserId};

use super::*;

/// Knows one key of each kind.
struct Scripted {
    principal: Principal,
    used: Mutex<Vec<String>>,
}

#[async_trait]
impl ClientKeys for Scripted {
    async fn find(&self, access_key: &str) -> Result<Option<ClientKey>, ClientKeysError> {
        let algorithm = match access_key {
            "psa_hmac" => SignatureAlgorithm::HmacSha256,
            "psa_ed25519" => SignatureAlgorithm::Ed25519,
            "psa_broken" => return Err(ClientKeysError { detail: "no database".into() }),
            _ => return Ok(None),
        };
        let material = (0..=255).collect::<Vec<u8>>().into();
        Ok(Some(ClientKey {
            principal: self.principal.clone(),
            algorithm,
            material,
            valid_until: Some(Timestamp::from_micros(7)),
        }))
    }

    async fn note_use(&self, access_key: &str) {
        self.used.lock().unwrap().push(access_key.to_owned());
    }
}

fn start() -> (Arc<Scripted>, ClientKeysClient) {
    let principal = Principal {
        account_id: AccountId::new(),
        user_id: UserId::new(),
        role: Role::User,
        scopes: Scopes::for_keys(),
        credential: Credential::Client(ApiClientId::new()),
        requests_per_day_max: None,
        plan: None,
        quota: None,
    };
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap().with_nodelay(Some(true));
    let address = incoming.local_addr().unwrap();
    let scripted = Arc::new(Scripted { principal, used: Mutex::default() });
    let service = serve_client_keys(Arc::<Scripted>::clone(&scripted));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    (scripted, ClientKeysClient::new(channel))
}

/// K2, N10: whoever checks signatures cannot tell where the keys are.
#[tokio::test]
async fn keys_are_the_same_over_the_wire() {
    let (scripted, remote) = start();
    for access_key in ["psa_hmac", "psa_ed25519"] {
        let here = scripted.find(access_key).await.unwrap().unwrap();
        let there = remote.find(access_key).await.unwrap().unwrap();
        assert_eq!((&there.principal, there.algorithm), (&here.principal, here.algorithm));
        assert_eq!(there.valid_until, here.valid_until);
        assert_eq!(there.material.expose_secret(), here.material.expose_secret());
    }
    for access_key in ["psa_other", "", &"x".repeat(100_000)] {
        assert!(remote.find(access_key).await.unwrap().is_none());
    }
    let error = remote.find("psa_broken").await.unwrap_err();
    assert!(error.detail.contains("no database") && !error.detail.contains("psa_broken"), "{error}");
}

#[tokio::test]
async fn uses_are_noted_over_the_wire() {
    let (scripted, remote) = start();
    remote.note_use("psa_hmac").await;
    assert_eq!(*scripted.used.lock().unwrap(), ["psa_hmac"]);
}
