//! TLS: an authority of one's own, a client certificate that the server demands, and what goes wrong.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::binary::{Home, Run};
use crate::fake::{Fake, Reply};

/// A certificate authority.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for that name with its key.
    fn sign(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// Accepts TLS connections; drops those that fail.
struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let Ok((stream, address)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A server with a certificate for `name`, which demands client certificates of an authority if there is one.
fn start(authority: &Authority, name: &str, clients: Option<&Authority>) -> Fake {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.certificate.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let (certificate, key) = authority.sign(name, ExtendedKeyUsagePurpose::ServerAuth);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let fake = Fake::serve(url, move || TlsListener {
        tcp: TcpListener::from_std(listener).unwrap(),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    });
    fake.on("GET /auth/api-keys", [Reply::json(200, &json!({ "items": [], "next_cursor": null }))]);
    fake
}

fn list_keys(home: &Home, fake: &Fake, more: &[&str]) -> Run {
    home.run(fake, &[["keys", "list", "--token", "t"].as_slice(), more].concat())
}

/// F9: a server with a certificate of one's own authority is trusted with `--ca-cert`, and not without.
#[test]
fn own_authority_is_trusted_when_named() {
    let (authority, other, namesake) =
        (Authority::new("ours"), Authority::new("other"), Authority::new("ours"));
    let fake = start(&authority, "127.0.0.1", None);
    let home = Home::new();
    home.write("ca.pem", authority.certificate.pem());
    home.write("other.pem", other.certificate.pem());
    list_keys(&home, &fake, &["--ca-cert", "ca.pem"]).expect_code(0);
    home.write("namesake.pem", namesake.certificate.pem());
    for wrong in ["other.pem", "namesake.pem"] {
        let run = list_keys(&home, &fake, &["--ca-cert", wrong]).expect_code(1);
        assert!(run.stderr.contains("does not know") && run.stderr.contains("--ca-cert"), "{}", run.stderr);
    }
    assert_eq!(fake.request_count(), 1);
}

/// F9: a certificate for another name is refused, and said so.
#[test]
fn certificate_for_another_name_is_refused() {
    let authority = Authority::new("ours");
    let fake = start(&authority, "elsewhere.example", None);
    let home = Home::new();
    home.write("ca.pem", authority.certificate.pem());
    let run = list_keys(&home, &fake, &["--ca-cert", "ca.pem"]).expect_code(1);
    assert!(run.stderr.contains("for another name"), "{}", run.stderr);
}

/// F9: a server that demands a client certificate is given one; without, or with a stranger's, it is explained.
#[test]
fn client_certificate_is_shown_on_demand() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("stranger"));
    let fake = start(&authority, "127.0.0.1", Some(&authority));
    let home = Home::new();
    home.write("ca.pem", authority.certificate.pem());
    for (name, signer) in [("client", &authority), ("stranger", &stranger)] {
        let (certificate, key) = signer.sign("client", ExtendedKeyUsagePurpose::ClientAuth);
        home.write(&format!("{name}.pem"), certificate.pem());
        home.write(&format!("{name}.key"), key.serialize_pem());
    }
    let ca = ["--ca-cert", "ca.pem"];
    let with = |name: &str| {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        list_keys(
            &home,
            &fake,
            &[ca.as_slice(), &["--client-cert", &certificate, "--client-key", &key]].concat(),
        )
    };
    with("client").expect_code(0);
    let run = list_keys(&home, &fake, &ca).expect_code(1);
    assert!(
        run.stderr.contains("demands a client certificate") && run.stderr.contains("--client-cert"),
        "{}",
        run.stderr
    );
    let run = with("stranger").expect_code(1);
    assert!(run.stderr.contains("client certificate"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 1);
}

/// F9: files that hold no certificate or key are told by their option.
#[test]
fn useless_pem_files_are_told() {
    let fake = Fake::start();
    let home = Home::new();
    home.write("empty.pem", "");
    for (more, option) in [
        (["--ca-cert", "empty.pem"].as_slice(), "--ca-cert empty.pem"),
        (&["--ca-cert", "absent.pem"], "--ca-cert absent.pem"),
        (&["--client-cert", "empty.pem", "--client-key", "empty.pem"], "--client-cert empty.pem"),
    ] {
        let run = list_keys(&home, &fake, more).expect_code(1);
        assert!(run.stderr.contains(option), "{}", run.stderr);
    }
    assert_eq!(fake.request_count(), 0);
}

/// F9: https to a server without TLS, and http to one with it, are told apart.
#[test]
fn scheme_that_does_not_fit_is_explained() {
    let plain = Fake::start();
    let home = Home::new();
    let url = plain.url.replace("http://", "https://");
    let authority = Authority::new("ours");
    home.write("ca.pem", authority.certificate.pem());
    let run = list_keys(&home, &plain, &["--server", &url, "--ca-cert", "ca.pem"]).expect_code(1);
    assert!(run.stderr.contains("does not speak TLS"), "{}", run.stderr);
    let secure = start(&authority, "127.0.0.1", None);
    let url = secure.url.replace("https://", "http://");
    let run = list_keys(&home, &secure, &["--server", &url]).expect_code(6);
    assert!(run.stderr.contains("is it https?"), "{}", run.stderr);
}
