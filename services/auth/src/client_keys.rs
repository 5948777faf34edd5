//! With which key a client signs: this service's side of the client keys contract.

use async_trait::async_trait;

use prosopa_contract::client_keys::{ClientKey, ClientKeys, ClientKeysError, SignatureAlgorithm};
use prosopa_model::{Credential, Principal};

use crate::{
    clients,
    error::Error,
    key_use::Used,
    state::State,
    store::{clients::AccessKey, users::Status},
};

/// Answers with one indexed read: what has ended stops working at once.
pub(crate) struct StoreClientKeys {
    state: State,
}

impl StoreClientKeys {
    pub(crate) const fn new(state: State) -> Self {
        Self { state }
    }
}

#[async_trait]
impl ClientKeys for StoreClientKeys {
    async fn find(&self, access_key: &str) -> Result<Option<ClientKey>, ClientKeysError> {
        let Ok(access_key) = access_key.parse::<AccessKey>() else { return Ok(None) };
        let found = self.state.store.find_client_key(access_key, self.state.clock.now()).await;
        let found = found.map_err(unreadable)?.filter(|key| key.status == Status::Active);
        let Some(key) = found else { return Ok(None) };
        let valid_until = Some(key.ends_at());
        let material = match key.algorithm.0 {
            SignatureAlgorithm::HmacSha256 => {
                let opened = clients::open_secret(&self.state.keyring, access_key, key.material);
                opened.map_err(unreadable)?.to_vec()
            }
            SignatureAlgorithm::Ed25519 => key.material,
        };
        let principal = Principal {
            account_id: key.account_id,
            user_id: key.user_id,
            role: key.role,
            scopes: key.scopes,
            credential: Credential::Client(key.client_id),
            requests_per_day_max: key.requests_per_day_max,
            plan: key.plan,
            quota: None,
        };
        let (algorithm, material) = (key.algorithm.0, material.into());
        Ok(Some(ClientKey { principal, algorithm, material, valid_until }))
    }

    async fn note_use(&self, access_key: &str) {
        if let Ok(access_key) = access_key.parse() {
            self.state.key_use.note(Used::Client(access_key), self.state.clock.now());
        }
    }
}

fn unreadable(error: Error) -> ClientKeysError {
    ClientKeysError { detail: error.to_string() }
}
