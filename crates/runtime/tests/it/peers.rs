//! TLS between processes: who is known to whom, and that nothing falls back.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use http::Uri;
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};

use prosopa_runtime::{
    ClientCertificates, Host, InternalListener, InternalRoutes, ListenerOptions, Listeners, PeerConnector,
    PeerProtocol, PeerTlsConfig, PrincipalVerifier, TaskEnded, Tls, TlsError, TlsFiles,
};
use prosopa_testkit::TestPlatform;

use crate::tls::{Authority, Identity};

const PATIENCE: Duration = Duration::from_secs(10);

/// A process that asks every other one for a certificate.
struct Served {
    address: Uri,
    _host: JoinHandle<Result<(), TaskEnded>>,
    _test: TestPlatform,
}

/// The files of one end.
struct Files(TempDir);

impl Files {
    /// With a certificate, or without one.
    fn new(authority: &Authority, identity: Option<&Identity>) -> Self {
        let files = Self(TempDir::new().unwrap());
        files.write(authority, identity);
        files
    }

    fn write(&self, authority: &Authority, identity: Option<&Identity>) {
        fs::write(self.path("ca.pem"), authority.certificate.pem()).unwrap();
        if let Some(Identity { certificate, key }) = identity {
            fs::write(self.path("certificate.pem"), certificate.pem()).unwrap();
            fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn client(&self) -> PeerTlsConfig {
        let own = |name: &str| Some(self.path(name)).filter(|path| path.exists());
        PeerTlsConfig {
            ca_file: own("ca.pem"),
            certificate_file: own("certificate.pem"),
            private_key_file: own("key.pem"),
        }
    }

    fn connector(&self) -> PeerConnector {
        PeerConnector::open_looking_every(&self.client(), Duration::ZERO).unwrap()
    }
}

impl Served {
    async fn start(files: &Files) -> Self {
        let test = TestPlatform::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let tls = Tls::open(TlsFiles {
            client_ca: Some(files.path("ca.pem")),
            client_certificates: ClientCertificates::Required,
            look_interval: Duration::from_millis(10),
            ..TlsFiles::new(files.path("certificate.pem"), files.path("key.pem"))
        });
        let listener = InternalListener::bind(any).await.unwrap().with_tls(tls.unwrap());
        let address = format!("https://localhost:{}", listener.address().unwrap().port()).parse().unwrap();
        let platform = test.platform.clone();
        let believed = PrincipalVerifier::new(platform.principal_keys().unwrap());
        let routes = InternalRoutes::new(believed, Arc::clone(&platform.clock))
            .with_service("detection", Router::new().route("/anybody", get(|| async { "open" })));
        let mut host = Host::new(platform.clone());
        host.serve_internal(listener, routes);
        let listeners = Listeners::bind_admin(any).await.unwrap();
        let host = tokio::spawn(host.run(listeners, Router::new(), ListenerOptions::default()));
        Self { address, _host: host, _test: test }
    }

    /// The answer to a request, or the error for which there is no connection.
    async fn ask(&self, connector: &PeerConnector) -> Result<String, String> {
        let connected = connector.connect(&self.address, PeerProtocol::Http1).await;
        let mut stream = connected.map_err(|error| error.to_string())?;
        // From here on nothing may fail: who is refused is refused before it asks.
        stream.write_all(b"GET /anybody HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        Ok(answer.lines().last().unwrap_or_default().to_owned())
    }
}

/// S3: processes with certificates of one authority know each other.
#[tokio::test]
async fn processes_of_one_authority_know_each_other() {
    let authority = Authority::new();
    let served = Served::start(&Files::new(&authority, Some(&authority.sign(ServerAuth)))).await;
    let files = Files::new(&authority, Some(&authority.sign(ClientAuth)));
    assert_eq!(served.ask(&files.connector()).await, Ok("open".to_owned()));
}

/// S3: who shows no certificate, another authority's, or one that has ended, is refused before it asks anything; so is a
/// process that cannot be known.
#[tokio::test]
async fn strangers_are_refused_before_they_ask() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server_files = Files::new(&authority, Some(&authority.sign(ServerAuth)));
    let served = Served::start(&server_files).await;
    for (who, files) in [
        ("nobody", Files::new(&authority, None)),
        ("another's", Files::new(&authority, Some(&other.sign(ClientAuth)))),
        ("ended", Files::new(&authority, Some(&authority.sign_until(ClientAuth, 2020)))),
        ("no client", Files::new(&authority, Some(&authority.sign(ServerAuth)))),
        ("does not know the server", Files::new(&other, Some(&authority.sign(ClientAuth)))),
    ] {
        assert!(served.ask(&files.connector()).await.is_err(), "{who}");
    }
    let unable = served.ask(&PeerConnector::default()).await.unwrap_err();
    assert!(unable.contains("peers.tls.ca_file"), "{unable}");
    let known = Files::new(&authority, Some(&authority.sign(ClientAuth)));
    let ended = Served::start(&Files::new(&authority, Some(&authority.sign_until(ServerAuth, 2020)))).await;
    assert!(ended.ask(&known.connector()).await.is_err());
    let another = format!("https://127.0.0.1:{}", served.address.port_u16().unwrap()).parse().unwrap();
    let refused = known.connector().connect(&another, PeerProtocol::Http1).await;
    assert!(refused.is_err(), "its certificate is for localhost");
}

/// S3: new files are used for new connections on both ends; broken ones change nothing.
#[tokio::test]
async fn new_certificates_are_used_for_new_connections() {
    let (old, new) = (Authority::new(), Authority::new());
    let server_files = Files::new(&old, Some(&old.sign(ServerAuth)));
    let served = Served::start(&server_files).await;
    let files = Files::new(&old, Some(&old.sign(ClientAuth)));
    let connector = files.connector();
    served.ask(&connector).await.unwrap();
    fs::write(files.path("ca.pem"), "not a certificate").unwrap();
    served.ask(&connector).await.unwrap();
    server_files.write(&new, Some(&new.sign(ServerAuth)));
    let start = tokio::time::Instant::now();
    while served.ask(&connector).await.is_ok() {
        assert!(start.elapsed() < PATIENCE, "the server uses its new files");
    }
    files.write(&new, Some(&new.sign(ClientAuth)));
    assert_eq!(served.ask(&connector).await, Ok("open".to_owned()));
}

/// S3: half of what is needed is refused at the start.
#[test]
fn half_of_the_files_is_refused() {
    let authority = Authority::new();
    let files = Files::new(&authority, Some(&authority.sign(ClientAuth)));
    let without_key = PeerTlsConfig { private_key_file: None, ..files.client() };
    assert!(matches!(PeerConnector::open(&without_key), Err(TlsError::Half)));
    let not_there = PeerTlsConfig { ca_file: Some(files.path("none.pem")), ..files.client() };
    assert!(matches!(PeerConnector::open(&not_there), Err(TlsError::Read { .. })));
    let foreign = authority.sign(ClientAuth);
    fs::write(files.path("key.pem"), foreign.key.serialize_pem()).unwrap();
    assert!(matches!(PeerConnector::open(&files.client()), Err(TlsError::Unfit(_))));
}
