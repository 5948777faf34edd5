//! Certificates that clients show in the handshake of TLS, where the gateway asks for them (F9).
//!
//! Whoever has a certificate's file has not its key, so that to name a certificate proves nothing. The authority that
//! signs them is the operator's; so administrators say whose they are.

use aws_lc_rs::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use prosopa_model::{ApiClientId, Principal, Role, Timestamp};
use prosopa_problem::FieldError;

use crate::{error::Error, state::State, store::clients::ClientCertificate};

/// Longest text of a certificate, bytes.
const TEXT_LEN_MAX: usize = 16 * 1024;

/// Certificates of one client: the present one, the next one, and some for its machines.
const CERTIFICATES_MAX: usize = 20;

/// Says that a certificate is a client's, for an administrator. A second time is harmless.
pub(crate) async fn add(state: &State, id: ApiClientId, pem: &str) -> Result<ClientCertificate, Error> {
    let now = state.clock.now();
    let certificate = read(pem, id, now)?;
    let mut write = state.store.begin().await?;
    if !write.hold_client(id).await? {
        return Err(Error::NotFound);
    }
    if write.insert_client_certificate(&certificate).await? {
        if write.count_client_certificates(id).await? > CERTIFICATES_MAX {
            return Err(invalid(&format!("the client has {CERTIFICATES_MAX} already, the most it may have")));
        }
        write.commit().await?;
        tracing::info!(client_id = %id, "a certificate of an API client was added");
        return Ok(certificate);
    }
    let known = write.find_client_certificate(&certificate.fingerprint).await?;
    known.filter(|known| known.client_id == id).ok_or_else(|| invalid("is another client's"))
}

/// The certificates of a client, for its account or an administrator.
pub(crate) async fn list(
    state: &State,
    caller: &Principal,
    id: ApiClientId,
) -> Result<Vec<ClientCertificate>, Error> {
    let client = if caller.role == Role::Administrator {
        state.store.find_client(id).await?
    } else {
        state.store.find_client_of(caller.account_id, id).await?
    };
    client.ok_or(Error::NotFound)?;
    state.store.list_client_certificates(id).await
}

/// Takes a certificate from a client, at once, for an administrator.
pub(crate) async fn remove(state: &State, id: ApiClientId, fingerprint: &[u8; 32]) -> Result<(), Error> {
    let mut write = state.store.begin().await?;
    if !write.delete_client_certificate(id, fingerprint).await? {
        return Err(Error::NotFound);
    }
    write.commit().await?;
    tracing::info!(client_id = %id, "a certificate of an API client was removed");
    Ok(())
}

fn read(pem: &str, client_id: ApiClientId, now: Timestamp) -> Result<ClientCertificate, Error> {
    const FORM: &str = "must be one certificate in PEM";
    if pem.len() > TEXT_LEN_MAX {
        return Err(invalid(FORM));
    }
    let mut found = CertificateDer::pem_slice_iter(pem.as_bytes());
    let (Some(Ok(der)), None) = (found.next(), found.next()) else { return Err(invalid(FORM)) };
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| invalid(FORM))?;
    let ends_at = certificate.validity().not_after.timestamp();
    let ends_at = Timestamp::from_micros(ends_at.saturating_mul(1_000_000));
    if ends_at <= now {
        return Err(invalid("has ended"));
    }
    let fingerprint = digest(&SHA256, &der).as_ref().to_vec();
    Ok(ClientCertificate { fingerprint, client_id, created_at: now, ends_at })
}

fn invalid(detail: &str) -> Error {
    Error::Invalid(vec![FieldError { pointer: "/certificate".into(), detail: detail.into() }])
}
