//! Certificates and keys in PEM files, read whole and compared by digest, so that a change is seen.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};
use zeroize::Zeroizing;

/// Largest file; a chain has a few KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// SHA-256.
pub(crate) type Digest = [u8; SHA256_OUTPUT_LEN];

/// The files do not make an end of a connection.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One has not what it should have.
    #[error("{path} has no {what} in PEM", path = path.display())]
    NotPem {
        /// Which.
        path: PathBuf,
        /// What is missed.
        what: &'static str,
    },
    /// Clients are asked for certificates, and no authority for these is named.
    #[error("client certificates need client_ca_file")]
    NoClientAuthority,
    /// A certificate is named without its key, or the key without it.
    #[error("certificate_file and private_key_file belong together")]
    Half,
    /// They do not fit together.
    #[error("the certificate, its key and the authorities do not fit together: {0}")]
    Unfit(Box<str>),
}

impl TlsError {
    /// With what lies behind it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Read { source, .. } => format!("{self}: {source}"),
            _ => self.to_string(),
        }
    }
}

/// What the library says of files that do not fit together.
pub(crate) fn unfit(error: impl ToString) -> TlsError {
    TlsError::Unfit(error.to_string().into())
}

/// A file's content.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let fault = |source| TlsError::Read { path: path.to_owned(), source };
    let mut bytes = Zeroizing::default();
    File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)).map_err(fault)?;
    Ok(bytes)
}

/// The certificates in a file, of which there is one at least.
pub(crate) fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::NotPem { path: path.to_owned(), what: "certificate" };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    certificates.ok().filter(|certificates| !certificates.is_empty()).ok_or_else(none)
}

/// The first private key in a file.
pub(crate) fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| TlsError::NotPem { path: path.to_owned(), what: "private key" })
}

/// The authorities in a file.
pub(crate) fn authorities(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(unfit)?;
    }
    Ok(roots)
}

/// When a certificate ends, seconds since the epoch.
pub(crate) fn expiry(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// SHA-256 of several texts, of each its length too, unless it is alone.
pub(crate) fn digest<const N: usize>(texts: [&[u8]; N]) -> Digest {
    let mut context = Context::new(&SHA256);
    for text in texts {
        if N > 1 {
            context.update(&(text.len() as u64).to_be_bytes());
        }
        context.update(text);
    }
    let mut digest = [0; SHA256_OUTPUT_LEN];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
