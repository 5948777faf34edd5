//! The client's end of TLS between processes, from files that are looked at again before a connection is opened.

use std::{
    future::poll_fn,
    io,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ProtocolVersion, client::Resumption, crypto::aws_lc_rs::default_provider,
    pki_types::ServerName,
};
use tokio::{io::AsyncBufRead, net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use zeroize::Zeroizing;

use super::{PeerProtocol, PeerStream, PeerTlsConfig};
use crate::{
    TlsError,
    certificates::{Digest, authorities, certificates, digest, private_key, read, unfit},
};

/// Longest wait for a sign that the other end takes our certificate, or the lack of one.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(500);

/// What connections are made with.
pub(super) struct ClientTls {
    files: PeerTlsConfig,
    /// Files that were looked at less long ago are not looked at again.
    look_interval: Duration,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    /// Of the files that it was made of, or that it could not be made of.
    digest: Digest,
    looked_at: Instant,
}

impl ClientTls {
    /// None where no authority is named.
    pub(super) fn open(files: &PeerTlsConfig, look_interval: Duration) -> Result<Option<Self>, TlsError> {
        if files.certificate_file.is_some() != files.private_key_file.is_some() {
            return Err(TlsError::Half);
        }
        let Some(contents) = Contents::read(files)? else { return Ok(None) };
        let (http1, http2) = contents.load(files)?;
        let (digest, looked_at) = (contents.digest(), Instant::now());
        let loaded = Loaded { http1, http2, digest, looked_at };
        Ok(Some(Self { files: files.clone(), look_interval, loaded: Mutex::new(loaded) }))
    }

    /// Speaks TLS with who must be `name`.
    pub(super) async fn secure(
        self: &Arc<Self>,
        stream: TcpStream,
        name: ServerName<'static>,
        protocol: PeerProtocol,
    ) -> io::Result<PeerStream> {
        let config = self.config(protocol).await;
        let mut stream = TlsConnector::from(config).connect(name, stream).await?;
        // An end that gives no tickets says nothing until it is asked something.
        if let Ok(settled) = timeout(SETTLE_TIMEOUT, settle(&mut stream)).await {
            settled?;
        }
        Ok(PeerStream::Secure(Box::new(stream)))
    }

    /// What the next connection is made with. Files that cannot be used change nothing.
    async fn config(self: &Arc<Self>, protocol: PeerProtocol) -> Arc<ClientConfig> {
        if self.is_due() {
            let this = Arc::clone(self);
            match tokio::task::spawn_blocking(move || this.look()).await {
                Ok(Err(error)) => {
                    tracing::error!(error = %error.describe(), "the certificates for other processes stay as they were");
                }
                Ok(Ok(true)) => tracing::info!("the certificates for other processes were read again"),
                // It can only fail by a panic, which has been logged.
                Ok(Ok(false)) | Err(_) => {}
            }
        }
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(match protocol {
            PeerProtocol::Http1 => &loaded.http1,
            PeerProtocol::Http2 => &loaded.http2,
        })
    }

    /// Whether it is time for a look, which is then the caller's to take.
    fn is_due(&self) -> bool {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = loaded.looked_at.elapsed() >= self.look_interval;
        if is_due {
            loaded.looked_at = Instant::now();
        }
        is_due
    }

    /// Whether the files had changed and are in use now. The same broken files are an error once.
    fn look(&self) -> Result<bool, TlsError> {
        let Some(contents) = Contents::read(&self.files)? else { return Ok(false) };
        let digest = contents.digest();
        if self.loaded.lock().unwrap_or_else(PoisonError::into_inner).digest == digest {
            return Ok(false);
        }
        let made = contents.load(&self.files);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.digest = digest;
        (loaded.http1, loaded.http2) = made?;
        Ok(true)
    }
}

/// Waits until the other end has looked at our certificate.
///
/// With TLS 1.3 a client is done before that, and would hear of a refusal in place of its first answer, when it cannot know
/// whether its request was read. A server sends tickets once it is done too.
async fn settle(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    if stream.get_ref().1.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Ok(());
    }
    poll_fn(|cx| {
        match Pin::new(&mut *stream).poll_fill_buf(cx) {
            Poll::Ready(Ok([])) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(read) => return Poll::Ready(read.map(drop)),
            Poll::Pending => {}
        }
        match stream.get_ref().1.tls13_tickets_received() {
            0 => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    })
    .await
}

/// What the files have.
struct Contents {
    ca: Zeroizing<Vec<u8>>,
    /// The certificate and its key.
    own: Option<[Zeroizing<Vec<u8>>; 2]>,
}

impl Contents {
    /// None where no authority is named.
    fn read(files: &PeerTlsConfig) -> Result<Option<Self>, TlsError> {
        let Some(ca) = &files.ca_file else { return Ok(None) };
        let own = match (&files.certificate_file, &files.private_key_file) {
            (Some(certificate), Some(key)) => Some([read(certificate)?, read(key)?]),
            _ => None,
        };
        Ok(Some(Self { ca: read(ca)?, own }))
    }

    fn digest(&self) -> Digest {
        let own = |at: usize| self.own.as_ref().map(|own| own[at].as_slice()).unwrap_or_default();
        digest([&self.ca, own(0), own(1)])
    }

    /// For HTTP/1.1 and HTTP/2.
    fn load(&self, files: &PeerTlsConfig) -> Result<(Arc<ClientConfig>, Arc<ClientConfig>), TlsError> {
        let path = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
        let roots = authorities(&path(&files.ca_file), &self.ca)?;
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_root_certificates(roots);
        let mut config = match &self.own {
            None => builder.with_no_client_auth(),
            Some([certificate, key]) => {
                let chain = certificates(&path(&files.certificate_file), certificate)?;
                let key = private_key(&path(&files.private_key_file), key)?;
                builder.with_client_auth_cert(chain, key).map_err(unfit)?
            }
        };
        // Connections are few and kept, and each one shall be judged by certificates as they are then.
        config.resumption = Resumption::disabled();
        let mut http2 = config.clone();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        http2.alpn_protocols = vec![b"h2".to_vec()];
        Ok((Arc::new(config), Arc::new(http2)))
    }
}
