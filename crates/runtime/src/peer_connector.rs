//! Connections to the product's other processes: plain, or over TLS with the deployment's own authority.
//!
//! The scheme of the address decides, and nothing falls back: where `https` cannot be spoken, there is no connection.

mod stream;
mod tls;

use std::{
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tower::Service;

use crate::TlsError;

pub use self::stream::PeerStream;
use self::tls::ClientTls;

/// Time between two looks at the files.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The section `peers.tls` of the configuration: how processes know each other. All files are PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerTlsConfig {
    /// The authorities that have signed the certificates of the other processes. Needed for `https://`.
    pub ca_file: Option<PathBuf>,
    /// The certificate that is shown to processes that ask for one, then those that it is signed by.
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    pub private_key_file: Option<PathBuf>,
}

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerProtocol {
    /// HTTP/1.1, of the gateway.
    Http1,
    /// HTTP/2, of gRPC.
    Http2,
}

/// Opens connections to other processes. Cheap to clone; one that is made by default has no authority, and so no TLS.
#[derive(Clone, Default)]
pub struct PeerConnector {
    tls: Option<Arc<ClientTls>>,
}

impl PeerConnector {
    /// Reads the files for the first time; before a connection is opened they are looked at again, every five seconds at
    /// most.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn open(config: &PeerTlsConfig) -> Result<Self, TlsError> {
        Self::open_looking_every(config, LOOK_INTERVAL)
    }

    /// The same, with another time between two looks at the files.
    pub fn open_looking_every(config: &PeerTlsConfig, interval: Duration) -> Result<Self, TlsError> {
        Ok(Self { tls: ClientTls::open(config, interval)?.map(Arc::new) })
    }

    /// Opens a connection to `http://host:port` or `https://host:port`. How long that may take is the caller's to bound.
    pub async fn connect(&self, address: &Uri, protocol: PeerProtocol) -> io::Result<PeerStream> {
        let host = address.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_secure = address.scheme_str() == Some("https");
        let port = address.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        if !is_secure {
            return Ok(PeerStream::Plain(stream));
        }
        let secured = match &self.tls {
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                tls.secure(stream, name, protocol).await
            }
            None => Err(io::Error::other("peers.tls.ca_file is not set")),
        };
        secured.inspect_err(|error| tracing::warn!(%address, %error, "no TLS with another process"))
    }
}

/// Connections for gRPC.
impl Service<Uri> for PeerConnectorTo {
    type Response = TokioIo<PeerStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { connector, address } = self.clone();
        Box::pin(async move { connector.connect(&address, PeerProtocol::Http2).await.map(TokioIo::new) })
    }
}

/// A connector for one address, whatever it is asked for.
#[derive(Clone)]
pub(crate) struct PeerConnectorTo {
    pub(crate) connector: PeerConnector,
    pub(crate) address: Uri,
}
