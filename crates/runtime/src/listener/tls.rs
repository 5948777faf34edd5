//! The certificate of a listener, and whom it asks for theirs: read from files, read again when these change.
//!
//! A connection keeps what it began with. Files that cannot be used, as while somebody replaces them one by one, change
//! nothing but a counter.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig, crypto::aws_lc_rs::default_provider, pki_types::CertificateDer,
    server::WebPkiClientVerifier,
};
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::certificates::{
    Digest, TlsError, authorities, certificates, digest, expiry, private_key, read, unfit,
};

use super::metrics::ListenerMetrics;

/// Time between two looks at the files.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Whether clients show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    None,
    /// They are asked; one that is shown must be genuine.
    Optional,
    /// Without a genuine one there is no connection.
    Required,
}

/// Where the certificate of a listener lies. All files are PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, then those that it is signed by, without the root.
    pub certificate: PathBuf,
    /// Its key: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub private_key: PathBuf,
    /// The authorities whose certificates clients may show.
    pub client_ca: Option<PathBuf>,
    /// Whether they do.
    pub client_certificates: ClientCertificates,
    /// Time between two looks at the files.
    pub look_interval: Duration,
}

impl TlsFiles {
    /// A certificate and its key; clients are not asked for theirs.
    pub fn new(certificate: PathBuf, private_key: PathBuf) -> Self {
        let client_certificates = ClientCertificates::None;
        Self { certificate, private_key, client_ca: None, client_certificates, look_interval: LOOK_INTERVAL }
    }
}

/// A listener's certificate as it is now. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    files: Arc<TlsFiles>,
    loaded: Arc<RwLock<Loaded>>,
}

#[derive(Clone)]
struct Loaded {
    config: Arc<ServerConfig>,
    /// Seconds since the epoch.
    expires_at: i64,
    /// Of the files that it was made of, or that it could not be made of.
    digest: Digest,
}

/// The certificate that the client has shown for this connection and proved to have the key of, among a request's
/// extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of its DER form.
    pub fingerprint: [u8; 32],
}

impl ClientCertificate {
    pub(super) fn of(chain: Option<&[CertificateDer<'_>]>) -> Option<Self> {
        let fingerprint = digest([chain?.first()?.as_ref()]);
        Some(Self { fingerprint })
    }
}

impl Tls {
    /// Reads the files for the first time.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let contents = Contents::read(&files)?;
        let loaded = contents.load(&files)?;
        Ok(Self { files: Arc::new(files), loaded: Arc::new(RwLock::new(loaded)) })
    }

    /// When the certificate that is in use ends, seconds since the epoch.
    pub fn expires_at(&self) -> i64 {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).expires_at
    }

    /// For the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).config))
    }

    /// Looks at the files again and again until `stop`.
    pub(super) async fn watch(
        self,
        listener: &'static str,
        metrics: ListenerMetrics,
        stop: CancellationToken,
    ) {
        metrics.certificate(listener, self.expires_at());
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.files.look_interval) => {}
            }
            let this = self.clone();
            // It can only fail by a panic, which has been logged.
            let Ok(outcome) = tokio::task::spawn_blocking(move || this.look()).await else { continue };
            match outcome {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!("the certificate was read again");
                    metrics.reloaded(listener, "loaded");
                    metrics.certificate(listener, self.expires_at());
                }
                Err(error) => {
                    tracing::error!(error = %error.describe(), "the certificate stays as it was");
                    metrics.reloaded(listener, "failed");
                }
            }
        }
    }

    /// Whether the files had changed and are in use now. The same broken files are an error once.
    fn look(&self) -> Result<bool, TlsError> {
        let contents = Contents::read(&self.files)?;
        let digest = contents.digest();
        if self.loaded.read().unwrap_or_else(PoisonError::into_inner).digest == digest {
            return Ok(false);
        }
        let loaded = contents.load(&self.files);
        let mut current = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        current.digest = digest;
        *current = loaded?;
        Ok(true)
    }
}

/// What the files have.
struct Contents {
    certificate: Zeroizing<Vec<u8>>,
    private_key: Zeroizing<Vec<u8>>,
    client_ca: Option<Zeroizing<Vec<u8>>>,
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            private_key: read(&files.private_key)?,
            client_ca: files.client_ca.as_deref().map(read).transpose()?,
        })
    }

    fn digest(&self) -> Digest {
        let client_ca = self.client_ca.as_ref().map(|pem| pem.as_slice());
        digest([&self.certificate[..], &self.private_key, client_ca.unwrap_or_default()])
    }

    fn load(&self, files: &TlsFiles) -> Result<Loaded, TlsError> {
        let chain = certificates(&files.certificate, &self.certificate)?;
        let expires_at = chain
            .first()
            .and_then(expiry)
            .ok_or_else(|| TlsError::NotPem { path: files.certificate.clone(), what: "certificate" })?;
        let key = private_key(&files.private_key, &self.private_key)?;
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unfit)?;
        let builder = match files.client_certificates {
            ClientCertificates::None => builder.with_no_client_auth(),
            asked => {
                let (Some(path), Some(pem)) = (&files.client_ca, &self.client_ca) else {
                    return Err(TlsError::NoClientAuthority);
                };
                let roots = authorities(path, pem)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match asked {
                    ClientCertificates::Optional => verifier.allow_unauthenticated(),
                    _ => verifier,
                };
                builder.with_client_cert_verifier(verifier.build().map_err(unfit)?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unfit)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Loaded { config: Arc::new(config), expires_at, digest: self.digest() })
    }
}
