//! TLS with users and between processes: the settings of `[server.tls]` and `[server.internal_tls]`, the flags that
//! outrank the former, and a certificate for development.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::{Span, civil::Date, tz::TimeZone};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use prosopa_model::Timestamp;
use prosopa_runtime::{ClientCertificates, Tls, TlsFiles};

use super::Failure;

/// Where the certificate for development lies in the data folder.
const FOLDER: &str = "tls";

/// How long it is good for: what browsers take at most, and some days less.
const SELF_SIGNED_DAYS: i64 = 365;

/// Less than this before its end, it is made anew.
const RENEWAL_DAYS: i64 = 30;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// How users are spoken with. Without a certificate: plainly.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TlsSettings {
    /// Certificate, then those that it is signed by (PEM).
    pub(crate) certificate_file: Option<PathBuf>,
    /// Its key (PEM).
    pub(crate) private_key_file: Option<PathBuf>,
    /// The authorities whose certificates clients may show (PEM).
    pub(crate) client_ca_file: Option<PathBuf>,
    /// Whether clients show a certificate.
    pub(crate) client_certificates: ClientCertificates,
    /// Whether a certificate for this machine is made in the data folder, for development.
    pub(crate) self_signed: bool,
}

/// How other processes are spoken with. Without a certificate: plainly.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InternalTlsSettings {
    /// Certificate, then those that it is signed by (PEM).
    pub(crate) certificate_file: Option<PathBuf>,
    /// Its key (PEM).
    pub(crate) private_key_file: Option<PathBuf>,
    /// The authorities whose certificates other processes must show (PEM); none: they are not asked.
    pub(crate) client_ca_file: Option<PathBuf>,
}

impl InternalTlsSettings {
    /// Opens the files that are named.
    pub(super) fn open(&self) -> Result<Option<Tls>, Failure> {
        let asked = self.client_ca_file.is_some();
        match (&self.certificate_file, &self.private_key_file) {
            (Some(certificate), Some(key)) => Ok(Some(Tls::open(TlsFiles {
                client_ca: self.client_ca_file.clone(),
                client_certificates: if asked {
                    ClientCertificates::Required
                } else {
                    ClientCertificates::None
                },
                ..TlsFiles::new(certificate.clone(), key.clone())
            })?)),
            (None, None) if !asked => Ok(None),
            (None, None) => {
                Err("server.internal_tls: client_ca_file needs certificate_file and private_key_file".into())
            }
            _ => Err("server.internal_tls: certificate_file and private_key_file belong together".into()),
        }
    }
}

/// Flags of the commands that serve users.
#[derive(Debug, Default, Args)]
pub(crate) struct TlsArguments {
    /// Speak TLS with this certificate (PEM, followed by those that it is signed by); read again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's private key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Speak TLS with a certificate for this machine that is made in the data folder, for development.
    #[arg(long, conflicts_with = "tls_certificate")]
    tls_self_signed: bool,
}

impl TlsArguments {
    /// Whether there are any.
    pub(super) const fn is_some(&self) -> bool {
        self.tls_certificate.is_some() || self.tls_self_signed
    }
}

impl TlsSettings {
    /// What the flags say replaces what the settings say about the certificate.
    pub(super) fn outrank(&mut self, arguments: TlsArguments) {
        let TlsArguments { tls_certificate, tls_key, tls_self_signed } = arguments;
        if tls_self_signed {
            (self.certificate_file, self.private_key_file, self.self_signed) = (None, None, true);
        }
        if tls_certificate.is_some() {
            (self.certificate_file, self.private_key_file, self.self_signed) =
                (tls_certificate, tls_key, false);
        }
    }

    /// Opens the files that are named, or makes those that are asked for. None where users are spoken with plainly.
    pub(super) fn open(&self, data_dir: &Path) -> Result<Option<(Tls, PathBuf)>, Failure> {
        let (certificate, private_key) = match (&self.certificate_file, &self.private_key_file) {
            (Some(_), Some(_)) if self.self_signed => {
                return Err("server.tls: self_signed stands beside certificate_file".into());
            }
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            (None, None) if self.self_signed => self_signed_files(&data_dir.join(FOLDER))?,
            (None, None) if self.client_certificates != ClientCertificates::None => {
                return Err(
                    "server.tls: client_certificates need certificate_file and private_key_file".into()
                );
            }
            (None, None) => return Ok(None),
            _ => return Err("server.tls: certificate_file and private_key_file belong together".into()),
        };
        let files = TlsFiles {
            client_ca: self.client_ca_file.clone(),
            client_certificates: self.client_certificates,
            ..TlsFiles::new(certificate.clone(), private_key)
        };
        Ok(Some((Tls::open(files)?, certificate)))
    }
}

/// The certificate and the key in the folder; made where there are none, and where they end soon.
fn self_signed_files(folder: &Path) -> Result<(PathBuf, PathBuf), Failure> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let good_until = (Timestamp::now().seconds() + RENEWAL_DAYS * SECONDS_PER_DAY).max(0);
    let is_good = |tls: Tls| tls.expires_at() > good_until;
    if Tls::open(TlsFiles::new(certificate.clone(), key.clone())).is_ok_and(is_good) {
        return Ok((certificate, key));
    }
    let pair = KeyPair::generate()?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "prosopa on this machine");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Clocks of machines differ.
    let begin = |day: Date| -> Result<_, Failure> {
        Ok(date_time_ymd(day.year().into(), u8::try_from(day.month())?, u8::try_from(day.day())?))
    };
    let today = jiff::Timestamp::now().to_zoned(TimeZone::UTC).date();
    params.not_before = begin(today.checked_sub(Span::new().days(1))?)?;
    params.not_after = begin(today.checked_add(Span::new().days(SELF_SIGNED_DAYS))?)?;
    let signed = params.self_signed(&pair)?;
    let unusable = |source: io::Error| format!("cannot keep a certificate in {}: {source}", folder.display());
    fs::create_dir_all(folder).map_err(unusable)?;
    write_private(&key, &pair.serialize_pem()).map_err(unusable)?;
    write_private(&certificate, &signed.pem()).map_err(unusable)?;
    Ok((certificate, key))
}

/// Replaces a file by one that only its owner reads.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
