//! TLS of the public listener: what it speaks, whom it asks for certificates, and new files.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore, pki_types::PrivateKeyDer};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use prosopa_runtime::{
    ClientCertificate, ClientCertificates, ClientScheme, Host, ListenerOptions, Listeners, Platform,
    TaskEnded, Tls, TlsError, TlsFiles,
};
use prosopa_testkit::TestPlatform;

const PATIENCE: Duration = Duration::from_secs(10);

/// A certificate authority.
pub(crate) struct Authority {
    pub(crate) certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: rcgen::Certificate,
    pub(crate) key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn sign(&self, usage: ExtendedKeyUsagePurpose) -> Identity {
        self.sign_until(usage, 4096)
    }

    /// Signs a certificate that ends with the beginning of a year.
    pub(crate) fn sign_until(&self, usage: ExtendedKeyUsagePurpose, year: i32) -> Identity {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }

    /// A client that trusts it, with or without a certificate of its own.
    fn client(
        &self,
        identity: Option<&Identity>,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let builder = builder.with_root_certificates(roots);
        match identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
        }
    }
}

/// The files of a listener.
struct Files {
    folder: TempDir,
    files: TlsFiles,
}

impl Files {
    fn new(identity: &Identity) -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| -> PathBuf { folder.path().join(name) };
        let mut files = TlsFiles::new(path("certificate.pem"), path("key.pem"));
        files.look_interval = Duration::from_millis(10);
        let this = Self { folder, files };
        this.write(identity);
        this
    }

    fn ask_clients(mut self, authority: &Authority, asked: ClientCertificates) -> Self {
        let path = self.folder.path().join("clients.pem");
        fs::write(&path, authority.certificate.pem()).unwrap();
        self.files.client_ca = Some(path);
        self.files.client_certificates = asked;
        self
    }

    fn write(&self, identity: &Identity) {
        fs::write(&self.files.certificate, identity.certificate.pem()).unwrap();
        fs::write(&self.files.private_key, identity.key.serialize_pem()).unwrap();
    }
}

struct Served {
    address: SocketAddr,
    platform: Platform,
    _host: JoinHandle<Result<(), TaskEnded>>,
    _test: TestPlatform,
}

impl Served {
    async fn start(files: &Files, options: ListenerOptions) -> Self {
        let test = TestPlatform::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let tls = Tls::open(files.files.clone()).unwrap();
        let listeners = Listeners::bind(any, any).await.unwrap().with_tls(tls);
        let address = listeners.public_address().unwrap();
        let platform = test.platform.clone();
        let host = Host::new(platform.clone());
        let router = Router::new().fallback(|request: Request| async move {
            let scheme = request.extensions().get::<ClientScheme>().copied();
            let certificate = request.extensions().get::<ClientCertificate>();
            let shown = certificate.map(|shown| shown.fingerprint.map(|byte| format!("{byte:02x}")).concat());
            format!("{:?} {scheme:?} {shown:?}", request.version())
        });
        let host = tokio::spawn(host.run(listeners, router, options));
        Self { address, platform, _host: host, _test: test }
    }

    async fn connect(&self, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
    }

    /// The answer to a request, or the error that keeps it from coming.
    async fn ask(&self, config: ClientConfig) -> std::io::Result<String> {
        let mut stream = self.connect(config).await?;
        ask(&mut stream).await
    }
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"None") && !bytes.ends_with(b"\")") {
        bytes.push(tokio::time::timeout(PATIENCE, stream.read_u8()).await.expect("an answer in time")?);
    }
    Ok(String::from_utf8_lossy(&bytes).lines().last().unwrap_or_default().to_owned())
}

async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "{what}");
}

/// F9: both versions of TLS and both of HTTP; the routes know that it was TLS.
#[tokio::test]
async fn users_are_answered_over_tls() {
    let authority = Authority::new();
    let files = Files::new(&authority.sign(ExtendedKeyUsagePurpose::ServerAuth));
    let served = Served::start(&files, ListenerOptions::default()).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let answer = served.ask(authority.client(None, version)).await.unwrap();
        assert_eq!(answer, "HTTP/1.1 Some(Https) None");
    }
    let root = reqwest::Certificate::from_pem(authority.certificate.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).resolve("localhost", served.address);
    let url = format!("https://localhost:{}/", served.address.port());
    let answer = client.build().unwrap().get(url).send().await.unwrap().text().await.unwrap();
    assert_eq!(answer, "HTTP/2.0 Some(Https) None");
}

/// F9: who speaks plainly, or not at all, gets no connection, and does not keep one either.
#[tokio::test]
async fn no_handshake_is_no_connection() {
    let authority = Authority::new();
    let files = Files::new(&authority.sign(ExtendedKeyUsagePurpose::ServerAuth));
    let options = ListenerOptions { head_timeout: Duration::from_millis(100), ..ListenerOptions::default() };
    let served = Served::start(&files, options).await;
    // The last one is the beginning of a handshake.
    for start in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"", b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(start).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        let _ = read.expect("the connection ends");
        assert!(!rest.starts_with(b"HTTP"));
    }
    // One that is complete, and then silent.
    let mut stream = served.connect(authority.client(None, &rustls::version::TLS13)).await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the connection ends");
    let none = r#"prosopa_runtime_connections{listener="public"} 0"#;
    eventually("no connection is open", async || served.platform.metrics.render().contains(none)).await;
}

/// F9: an authority's certificate tells who the client is; another's is refused; without one it depends.
#[tokio::test]
async fn clients_show_certificates_where_they_are_asked() {
    let (authority, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let identity = authority.sign(ExtendedKeyUsagePurpose::ServerAuth);
    let own = clients.sign(ExtendedKeyUsagePurpose::ClientAuth);
    let foreign = strangers.sign(ExtendedKeyUsagePurpose::ClientAuth);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, own.certificate.der());
    let fingerprint: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = format!("HTTP/1.1 Some(Https) Some(\"{fingerprint}\")");
    for asked in [ClientCertificates::Optional, ClientCertificates::Required] {
        let files = Files::new(&identity).ask_clients(&clients, asked);
        let served = Served::start(&files, ListenerOptions::default()).await;
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            assert_eq!(served.ask(authority.client(Some(&own), version)).await.unwrap(), shown);
            assert!(served.ask(authority.client(Some(&foreign), version)).await.is_err());
            let without = served.ask(authority.client(None, version)).await;
            match asked {
                ClientCertificates::Optional => assert_eq!(without.unwrap(), "HTTP/1.1 Some(Https) None"),
                _ => assert!(without.is_err()),
            }
        }
    }
}

/// F9: new files are used for new connections; old connections go on; broken files change nothing and are counted.
#[tokio::test]
async fn new_files_are_used_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let files = Files::new(&old.sign(ExtendedKeyUsagePurpose::ServerAuth));
    let served = Served::start(&files, ListenerOptions::default()).await;
    let mut kept = served.connect(old.client(None, &rustls::version::TLS13)).await.unwrap();
    ask(&mut kept).await.unwrap();
    let metrics = || served.platform.metrics.render();
    assert!(
        metrics()
            .contains("prosopa_runtime_tls_certificate_expiry_timestamp_seconds{listener=\"public\"} 67"),
        "in the year 4096"
    );

    fs::write(&files.files.certificate, "no certificate").unwrap();
    eventually("the failure is counted", async || {
        metrics().contains(r#"tls_reloads_total{listener="public",outcome="failed"}"#)
    })
    .await;
    served.ask(old.client(None, &rustls::version::TLS13)).await.unwrap();

    files.write(&new.sign(ExtendedKeyUsagePurpose::ServerAuth));
    eventually("the new one is used", async || {
        served.ask(new.client(None, &rustls::version::TLS13)).await.is_ok()
    })
    .await;
    assert!(served.ask(old.client(None, &rustls::version::TLS13)).await.is_err());
    assert!(metrics().contains(r#"tls_reloads_total{listener="public",outcome="loaded"}"#));
    ask(&mut kept).await.unwrap();
}

/// Whoever configures TLS is told what is wrong before anything is served.
#[tokio::test]
async fn files_that_make_no_server_are_refused() {
    let authority = Authority::new();
    let one = Files::new(&authority.sign(ExtendedKeyUsagePurpose::ServerAuth));
    let other = Files::new(&authority.sign(ExtendedKeyUsagePurpose::ServerAuth));
    let open = |change: &dyn Fn(&mut TlsFiles)| {
        let mut files = one.files.clone();
        change(&mut files);
        Tls::open(files).map(drop).unwrap_err()
    };
    let missing = open(&|files| files.certificate = "/nowhere/certificate.pem".into());
    assert_eq!(missing.to_string(), "cannot read /nowhere/certificate.pem");
    let swapped = open(&|files| std::mem::swap(&mut files.certificate, &mut files.private_key));
    assert!(matches!(swapped, TlsError::NotPem { what: "certificate", .. }));
    let foreign_key = open(&|files| files.private_key = other.files.private_key.clone());
    assert!(matches!(foreign_key, TlsError::Unfit(_)));
    let no_authority = open(&|files| files.client_certificates = ClientCertificates::Required);
    assert!(matches!(no_authority, TlsError::NoClientAuthority));
}
