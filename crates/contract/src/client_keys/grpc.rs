//! gRPC adapters: [`ClientKeysClient`] asks for keys elsewhere, [`serve_client_keys`] offers local ones.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status, transport::Channel};

use prosopa_model::Timestamp;

use super::{ClientKey, ClientKeys, ClientKeysError, SignatureAlgorithm};
use crate::{
    auth_messages::{
        self as messages, FindClientKeyRequest, FindClientKeyResponse, MESSAGE_BYTES_MAX,
        NoteClientKeyUseRequest, NoteClientKeyUseResponse, client_keys_client, client_keys_server,
        read_principal, write_principal,
    },
    calls::{ask, describe, in_time, timed},
};

/// No access key is longer, bytes.
const ACCESS_KEY_LEN_MAX: usize = 256;

/// Keys of API clients behind gRPC.
#[derive(Clone)]
pub struct ClientKeysClient {
    inner: client_keys_client::ClientKeysClient<Channel>,
}

impl ClientKeysClient {
    /// Wraps a channel; the channel decides about TLS and reconnecting. An answer is waited for two seconds.
    pub fn new(channel: Channel) -> Self {
        let inner = client_keys_client::ClientKeysClient::new(channel)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { inner }
    }
}

#[async_trait]
impl ClientKeys for ClientKeysClient {
    async fn find(&self, access_key: &str) -> Result<Option<ClientKey>, ClientKeysError> {
        if access_key.len() > ACCESS_KEY_LEN_MAX {
            return Ok(None);
        }
        let asked = ask(FindClientKeyRequest { access_key: access_key.to_owned() }, |request| {
            let mut inner = self.inner.clone();
            async move { inner.find_client_key(request).await }
        });
        let answer = asked.await.map_err(|status| ClientKeysError { detail: describe(&status) })?;
        answer.into_inner().key.as_ref().map(read_key).transpose()
    }

    async fn note_use(&self, access_key: &str) {
        let mut inner = self.inner.clone();
        let call =
            inner.note_client_key_use(timed(NoteClientKeyUseRequest { access_key: access_key.to_owned() }));
        if let Err(status) = in_time(call).await {
            tracing::debug!(error = describe(&status), "the use of a client's key is not noted");
        }
    }
}

/// Offers `keys` as a gRPC service to mount behind the internal listener: it gives secrets away.
pub fn serve_client_keys(
    keys: Arc<dyn ClientKeys>,
) -> client_keys_server::ClientKeysServer<impl client_keys_server::ClientKeys> {
    client_keys_server::ClientKeysServer::new(Adapter(keys))
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
}

struct Adapter(Arc<dyn ClientKeys>);

#[async_trait]
impl client_keys_server::ClientKeys for Adapter {
    async fn find_client_key(
        &self,
        request: Request<FindClientKeyRequest>,
    ) -> Result<Response<FindClientKeyResponse>, Status> {
        let found = self.0.find(&request.into_inner().access_key).await;
        let key = found.map_err(|error| Status::unavailable(error.detail))?.as_ref().map(write_key);
        Ok(Response::new(FindClientKeyResponse { key }))
    }

    async fn note_client_key_use(
        &self,
        request: Request<NoteClientKeyUseRequest>,
    ) -> Result<Response<NoteClientKeyUseResponse>, Status> {
        self.0.note_use(&request.into_inner().access_key).await;
        Ok(Response::new(NoteClientKeyUseResponse {}))
    }
}

fn write_key(key: &ClientKey) -> messages::ClientKey {
    messages::ClientKey {
        principal: Some(write_principal(&key.principal)),
        algorithm: key.algorithm.as_str().to_owned(),
        material: Bytes::copy_from_slice(key.material.expose_secret()),
        valid_until: key.valid_until.map(Timestamp::micros),
    }
}

fn read_key(key: &messages::ClientKey) -> Result<ClientKey, ClientKeysError> {
    let not_understood = || ClientKeysError { detail: "the answer is not understood".to_owned() };
    let known = [SignatureAlgorithm::HmacSha256, SignatureAlgorithm::Ed25519];
    let algorithm = known.into_iter().find(|algorithm| algorithm.as_str() == key.algorithm);
    let principal = key.principal.as_ref().and_then(read_principal);
    Ok(ClientKey {
        principal: principal.ok_or_else(not_understood)?,
        algorithm: algorithm.ok_or_else(not_understood)?,
        material: key.material.to_vec().into(),
        valid_until: key.valid_until.map(Timestamp::from_micros),
    })
}

#[cfg(test)]
mod tests;
