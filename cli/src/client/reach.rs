//! Why a connection failed, in words that tell what to do. It looks into the causes, and never shows an address's secrets.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};

use super::Error;
use crate::args::ServerUrl;

/// How a connection looks that the other side has closed.
const CLOSED: [io::ErrorKind; 4] = [
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::BrokenPipe,
    io::ErrorKind::UnexpectedEof,
];

/// Turns a failed exchange into an error that says what to do.
pub(super) fn explain(error: &reqwest::Error, server: &ServerUrl, timeout: Duration) -> Error {
    let address = server.to_string();
    if let Some((reason, hint)) = find(error, |cause| cause.downcast_ref::<rustls::Error>().map(about_tls)) {
        return Error::Insecure { server: address, reason, hint };
    }
    if error.is_timeout() {
        return Error::TimedOut { server: address, timeout_s: timeout.as_secs() };
    }
    let kind = find(error, |cause| cause.downcast_ref::<io::Error>().map(io::Error::kind));
    let is_closed = is_unsent(error) || is_cut_off(error) || kind.is_some_and(|kind| CLOSED.contains(&kind));
    if is_closed && server.is_https() && !error.is_connect() {
        // A server that misses a client certificate says so after the handshake, and may be heard too late.
        return Error::Insecure {
            server: address,
            reason: "it was closed before an answer came, as by a server that demands a client certificate"
                .to_owned(),
            hint: "if this one does, pass --client-cert FILE and --client-key FILE that it accepts"
                .to_owned(),
        };
    }
    let reason = match kind {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        _ if is_closed => "the connection was closed".to_owned(),
        _ => deepest(error),
    };
    let hint = if !error.is_connect() {
        format!("something answers there: is it a Prosopa server that speaks {}?", scheme(server))
    } else if server.is_loopback() {
        "Is it running? Start it with `make run`".to_owned()
    } else {
        "check --server or PROSOPA_SERVER, and the network".to_owned()
    };
    Error::Unreachable { server: address, reason, hint }
}

/// Whether the connection died before the request left: it can be sent again without doing anything twice.
pub(super) fn is_unsent(error: &reqwest::Error) -> bool {
    find(error, |cause| cause.downcast_ref::<hyper::Error>().map(hyper::Error::is_canceled)).unwrap_or(false)
}

/// Whether the connection ended in the middle of an answer, or instead of one.
fn is_cut_off(error: &reqwest::Error) -> bool {
    find(error, |cause| cause.downcast_ref::<hyper::Error>().map(hyper::Error::is_incomplete_message))
        .unwrap_or(false)
}

fn scheme(server: &ServerUrl) -> &'static str {
    if server.is_https() { "https" } else { "http (or is it https?)" }
}

fn about_tls(error: &rustls::Error) -> (String, String) {
    let (reason, hint) = match error {
        rustls::Error::InvalidCertificate(cause) => return about_certificate(cause),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => (
            "the server demands a client certificate".to_owned(),
            "pass --client-cert FILE and --client-key FILE",
        ),
        rustls::Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::AccessDenied
            | AlertDescription::HandshakeFailure
            | AlertDescription::DecryptError,
        ) => (
            "the server does not accept the client certificate, or demands one".to_owned(),
            "check --client-cert and --client-key: the server must know the authority that signed it",
        ),
        rustls::Error::InvalidMessage(_) => {
            ("what answers there does not speak TLS".to_owned(), "is it an http:// address?")
        }
        other => (other.to_string(), "check the server's TLS settings"),
    };
    (reason, hint.to_owned())
}

fn about_certificate(cause: &CertificateError) -> (String, String) {
    let (reason, hint) = match cause {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            "its certificate is signed by an authority that this machine does not know".to_owned(),
            "pass --ca-cert FILE with that authority's certificate",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            "its certificate is for another name".to_owned(),
            "use the name that the certificate was made for in --server",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "its certificate has expired".to_owned(),
            "the server needs a new certificate; is this machine's clock right?",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("its certificate is not valid yet".to_owned(), "is this machine's clock right?")
        }
        other => (format!("its certificate is not acceptable: {other}"), "check the server's certificate"),
    };
    (reason, hint.to_owned())
}

/// The first cause about which there is something to tell. An `io::Error` hides what it wraps from `source`.
fn find<T>(
    error: &(dyn StdError + 'static),
    tell: impl Fn(&(dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = tell(cause) {
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    None
}

/// What the deepest cause says, without the operating system's number.
fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = cause.to_string();
        next = cause.source();
    }
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
