//! Signs requests with an API client's keys (RFC 9421), each time anew.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use http::Request;
use prosopa_http::signatures::{ContentDigest, Nonce, Signer, SigningKey};
use prosopa_model::{Clock as _, SystemClock};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use secrecy::{ExposeSecret, SecretString};

use super::Error;
use crate::args::GlobalOptions;

/// Longest file with a secret key that is read, in bytes.
const KEY_LIMIT_BYTES: u64 = 64 * 1024;

/// The signer that the options ask for; none where they name no access key.
pub(super) fn signer(options: &GlobalOptions) -> Result<Option<Signer>, Error> {
    let token = filled(options.token.as_ref().map(ExposeSecret::expose_secret));
    let access_key = filled(options.access_key.as_deref());
    let secret_key = filled(options.secret_key.as_ref().map(ExposeSecret::expose_secret));
    let file = options.secret_key_file.as_deref().filter(|path| !path.as_os_str().is_empty());
    let key = match (access_key, secret_key, file) {
        (None, None, None) => return Ok(None),
        (None, ..) => return contradiction("a secret key needs its --access-key (PROSOPA_ACCESS_KEY)"),
        (Some(_), None, None) => {
            return contradiction("--access-key needs --secret-key-file, or PROSOPA_SECRET_KEY");
        }
        (Some(_), Some(_), Some(_)) => {
            return contradiction("give the secret key as --secret-key or as --secret-key-file, not both");
        }
        (Some(_), ..) if token.is_some() => {
            return contradiction(
                "give --token (PROSOPA_TOKEN) or --access-key (PROSOPA_ACCESS_KEY), not both",
            );
        }
        (Some(_), Some(text), None) => signing_key(text)
            .ok_or_else(|| Error::Options("--secret-key: it is not a secret key".to_owned()))?,
        (Some(_), None, Some(path)) => read_key(path)?,
    };
    let signer = Signer::new(access_key.unwrap_or_default(), key)
        .map_err(|_| Error::Options("--access-key: it is not an access key".to_owned()))?;
    Ok(Some(signer))
}

/// Adds the headers of a signature that is made now.
pub(super) fn sign(signer: &Signer, request: &mut reqwest::Request, content: &[u8]) -> Result<(), Error> {
    let head = Request::builder().method(request.method().clone()).uri(request.url().as_str());
    let (mut parts, ()) = head.body(()).map_err(|error| Error::Setup(error.to_string()))?.into_parts();
    let nonce = Nonce::random().map_err(|error| Error::Setup(error.to_string()))?;
    signer
        .sign(&mut parts, ContentDigest::of(content), SystemClock.now(), nonce)
        .map_err(|error| Error::Setup(error.to_string()))?;
    request.headers_mut().extend(parts.headers);
    Ok(())
}

fn contradiction<T>(message: &str) -> Result<T, Error> {
    Err(Error::Options(message.to_owned()))
}

/// A variable that is set to nothing is not set.
fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A private key for Ed25519 in PEM (PKCS#8), else the text is the shared secret.
fn signing_key(text: &str) -> Option<SigningKey> {
    if text.starts_with("-----BEGIN") {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).ok()?;
        return SigningKey::ed25519_pkcs8(der.secret_pkcs8_der()).ok();
    }
    SigningKey::hmac_sha256(text.as_bytes()).ok()
}

fn read_key(path: &Path) -> Result<SigningKey, Error> {
    let bad = |reason: &str| Error::BadPem {
        option: "--secret-key-file",
        path: path.display().to_string(),
        reason: reason.to_owned(),
    };
    let text = read(path).map_err(|error| bad(&error.to_string()))?;
    signing_key(text.expose_secret().trim())
        .ok_or_else(|| bad("holds neither a secret key nor a private key for Ed25519 in PEM format"))
}

fn read(path: &Path) -> std::io::Result<SecretString> {
    let mut text = String::new();
    File::open(path)?.take(KEY_LIMIT_BYTES + 1).read_to_string(&mut text)?;
    let text = SecretString::from(text);
    if text.expose_secret().len() as u64 > KEY_LIMIT_BYTES {
        return Err(std::io::Error::other("is too long for a key"));
    }
    Ok(text)
}
