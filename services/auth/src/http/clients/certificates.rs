//! `/api/v1/clients/{id}/certificates` and `…/certificates/{fingerprint}`.

use axum::{
    extract::{self, Path},
    response::IntoResponse,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::{Administrator, Caller, Json, PathId};
use prosopa_model::{Timestamp, id};
use prosopa_problem::{Code, Problem};

use crate::{clients::certificates, state::State, store};

/// A certificate that a client shows in the handshake of TLS.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewClientCertificate {
    /// The certificate alone, in PEM.
    #[schema(
        max_length = 16_384,
        example = "-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"
    )]
    certificate: String,
}

/// A certificate of a client, as far as it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientCertificate {
    /// SHA-256 of its DER form, as `openssl x509 -fingerprint -sha256` shows it but in lower case and without colons.
    #[schema(example = "5b1e6f0a9c4d2e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7")]
    fingerprint: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime, example = "2027-01-01T00:00:00.000000Z")]
    ends_at: Timestamp,
}

/// The certificates of a client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientCertificates {
    /// The newest first.
    certificates: Vec<ClientCertificate>,
}

impl From<store::clients::ClientCertificate> for ClientCertificate {
    fn from(certificate: store::clients::ClientCertificate) -> Self {
        Self {
            fingerprint: certificate.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect(),
            created_at: certificate.created_at,
            ends_at: certificate.ends_at,
        }
    }
}

pub(crate) async fn add(
    Administrator(_): Administrator,
    extract::State(state): extract::State<State>,
    PathId(id): PathId<id::ApiClient>,
    Json(new): Json<NewClientCertificate>,
) -> Result<impl IntoResponse, Problem> {
    let certificate = certificates::add(&state, id, &new.certificate).await?;
    Ok((StatusCode::CREATED, axum::Json(ClientCertificate::from(certificate))))
}

pub(crate) async fn list(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiClient>,
) -> Result<impl IntoResponse, Problem> {
    let certificates = certificates::list(&state, &caller, id).await?;
    let certificates = certificates.into_iter().map(ClientCertificate::from).collect();
    Ok(axum::Json(ClientCertificates { certificates }))
}

pub(crate) async fn remove(
    Administrator(_): Administrator,
    extract::State(state): extract::State<State>,
    Path((id, fingerprint)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let id = id.parse().map_err(|_| not_found())?;
    let fingerprint = read_fingerprint(&fingerprint).ok_or_else(not_found)?;
    certificates::remove(&state, id, &fingerprint).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 64 hexadecimal digits in lower case: each certificate has one address.
fn read_fingerprint(text: &str) -> Option<[u8; 32]> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() || !text.bytes().all(is_digit) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}
