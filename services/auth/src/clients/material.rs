//! What clients sign with: made or checked here, secrets sealed at rest.

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use prosopa_contract::client_keys::SignatureAlgorithm;
use prosopa_model::ApiClientId;
use prosopa_problem::FieldError;
use prosopa_vault::Keyring;

use super::public_key::PublicKey;
use crate::{
    error::Error,
    key_text::KeyText,
    state::State,
    store::{
        Store,
        clients::{AccessKey, ClientSecret, NewClientKey},
    },
};

/// Secrets that are sealed anew in one transaction.
const REWRAP_BATCH: u32 = 100;

/// The public key of who signs with Ed25519; nobody else has one to give.
pub(super) fn check(
    algorithm: SignatureAlgorithm,
    public_key: Option<&str>,
) -> Result<Option<PublicKey>, FieldError> {
    let mistake = |detail: &str| FieldError { pointer: "/public_key".to_owned(), detail: detail.to_owned() };
    match (algorithm, public_key) {
        (SignatureAlgorithm::HmacSha256, None) => Ok(None),
        (SignatureAlgorithm::HmacSha256, Some(_)) => {
            Err(mistake("must not be given: with hmac-sha256, the secret key is made here"))
        }
        (SignatureAlgorithm::Ed25519, None) => Err(mistake("must be given: the client signs with ed25519")),
        (SignatureAlgorithm::Ed25519, Some(text)) => PublicKey::parse(text).map(Some).map_err(mistake),
    }
}

/// Makes the key behind a new access key: of a public key, or of a new secret, which is given back to be shown once.
pub(super) fn make(
    state: &State,
    client_id: ApiClientId,
    public_key: Option<PublicKey>,
) -> Result<(NewClientKey, Option<SecretString>), Error> {
    let (access_key, created_at) = (AccessKey::new(), state.clock.now());
    if let Some(PublicKey(bytes)) = public_key {
        let material = bytes.to_vec();
        return Ok((NewClientKey { access_key, client_id, material, sealed_by: None, created_at }, None));
    }
    let text = KeyText::generate(access_key)?.into_text();
    let (material, kid) = seal(&state.keyring, access_key, text.expose_secret())?;
    let key = NewClientKey { access_key, client_id, material, sealed_by: Some(kid), created_at };
    Ok((key, Some(text)))
}

/// The name of the sealing key is read first: should the keyring change in between, the next look seals once more.
fn seal(keyring: &Keyring, access_key: AccessKey, text: &str) -> Result<(Vec<u8>, String), Error> {
    let kid = keyring.active_id();
    Ok((keyring.seal(&context(access_key), text.as_bytes())?, kid))
}

/// The secret key as it was shown.
pub(crate) fn open_secret(
    keyring: &Keyring,
    access_key: AccessKey,
    sealed: Vec<u8>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let opened = keyring.open(&context(access_key), sealed);
    let opened =
        opened.map_err(|source| Error::OpenClientSecret { access_key: access_key.to_string(), source })?;
    Ok(Zeroizing::new(opened))
}

/// Where a secret belongs: moved to another key's row it does not open.
fn context(access_key: AccessKey) -> String {
    format!("auth/api_client_keys/{access_key}")
}

/// Seals the secrets anew that another key of the keyring has sealed than the one that seals now, so that older ones can
/// go. One that does not open is left as it is.
pub(crate) async fn rewrap(store: &Store, keyring: &Keyring) -> Result<(), Error> {
    let kid = keyring.active_id();
    let mut after = AccessKey::from_uuid(Uuid::nil());
    loop {
        let outdated = store.list_client_secrets_not_sealed_by(&kid, after, REWRAP_BATCH).await?;
        let Some(last) = outdated.last() else { return Ok(()) };
        after = last.access_key;
        let mut write = store.begin().await?;
        for ClientSecret { access_key, material } in outdated {
            let text = match open_secret(keyring, access_key, material) {
                Ok(text) => text,
                Err(error) => {
                    tracing::error!(%access_key, %error, "the secret of a client is lost");
                    continue;
                }
            };
            let material = keyring.seal(&context(access_key), &text)?;
            write.replace_client_secret(access_key, &material, &kid).await?;
        }
        write.commit().await?;
    }
}
