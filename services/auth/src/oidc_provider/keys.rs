//! The keys that a provider signs ID tokens with (RFC 7517).

use std::{sync::Arc, time::Duration};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;

use super::{Known, Provider, ProviderError, fetch::fetch_json};

/// How long keys are used without asking again.
const LIFE: Duration = Duration::from_hours(1);

/// How long after that the provider is asked again at the earliest because of a key that is not among them.
const PAUSE: Duration = Duration::from_secs(60);

/// Keys that are looked at; the rest is left out.
const KEYS_MAX: usize = 32;

/// The answer of the provider. A key of a kind that is not known here is no reason to refuse the others.
#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

/// Keys that ID tokens may be signed with.
pub(super) struct KeySet(Vec<ProviderKey>);

/// A key, and the one algorithm that it is for: what a token says of that decides nothing (RFC 8725, section 3.1).
#[derive(Clone)]
pub(super) struct ProviderKey {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl ProviderKey {
    fn of(key: &Jwk) -> Option<Self> {
        if !matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let algorithm = match &key.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            _ => return None,
        };
        let is_meant = key.common.key_algorithm.is_none_or(|meant| meant == KeyAlgorithm::from(algorithm));
        let id = key.common.key_id.clone();
        is_meant.then(|| DecodingKey::from_jwk(key).ok()).flatten().map(|key| Self { id, algorithm, key })
    }
}

impl KeySet {
    fn of(published: Published) -> Self {
        let keys = published.keys.into_iter().take(KEYS_MAX);
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Self(keys.filter_map(|key| ProviderKey::of(&key)).collect())
    }

    /// The key that a token names; of one that names none, the only one there is (`OpenID` Connect Core 1.0, section 10.1).
    fn find(&self, id: Option<&str>) -> Option<&ProviderKey> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

impl Provider {
    /// The key that a token names. Keys are fetched once an hour, and when a token names one that is new, but then once a
    /// minute at most: tokens with made-up names cost the provider nothing.
    pub(super) async fn find_key(&self, id: Option<&str>) -> Result<Option<ProviderKey>, ProviderError> {
        let mut known = self.keys.lock().await;
        let now = self.clock.now();
        if let Some(known) = known.as_ref().filter(|known| now.since(known.at) < LIFE) {
            let found = known.value.find(id).cloned();
            if found.is_some() || now.since(known.at) < PAUSE {
                return Ok(found);
            }
        }
        let metadata = self.metadata().await?;
        let published: Published = fetch_json(self.http.get(metadata.jwks_uri.0.clone())).await?;
        let value = Arc::new(KeySet::of(published));
        *known = Some(Known { value: Arc::clone(&value), at: now });
        Ok(value.find(id).cloned())
    }
}
