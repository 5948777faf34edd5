//! Services in other processes: a gateway before a real internal listener, or before a scripted one.

mod breaker;
mod faults;
mod heads;
mod retries;
mod sameness;
mod streams;
mod websockets;

use std::{collections::BTreeMap, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Json, Router, extract::Request, response::Response};
use prosopa_gateway::Config;
use prosopa_http::{CurrentRequestId, Endpoints, Operation};
use prosopa_model::{Principal, Scope};
use prosopa_problem::{Code, Problem};
use prosopa_runtime::{
    Backend, Host, InternalListener, InternalRoutes, ListenerOptions, Listeners, PeerAddress, Platform,
    PrincipalConfig, TaskEnded, Upstream,
};
use prosopa_testkit::{TestDatabases, TestHome};
use prosopa_vault::Keyring;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::harness::{Gateway, noon};

/// What the service is called, and so whom tokens are for.
const SERVICE: &str = "mirror";

/// A deadline that a test can wait for.
const HURRY: Duration = Duration::from_millis(400);

/// Larger than all buffers on the way together.
const BODY_BYTES_MAX: usize = 1 << 30;

/// A service that tells how requests arrive, and gives bodies back.
fn endpoints() -> Endpoints<()> {
    Endpoints::new()
        .add(Operation::get("get_head", "/api/v1/mirror/head"), get_head)
        .add(Operation::get("get_own_head", "/api/v1/mirror/own-head").scope(Scope::FacesRead), get_head)
        .add(
            Operation::post("metered", "/api/v1/mirror/metered").scope(Scope::FacesWrite).metered(1),
            get_head,
        )
        .add(Operation::post("echo", "/api/v1/mirror/echo").body_bytes_max(BODY_BYTES_MAX), echo)
        .add(Operation::post("refuse", "/api/v1/mirror/refuse").body_bytes_max(BODY_BYTES_MAX), refuse)
        .add(Operation::put("put", "/api/v1/mirror/things/{id}").body_bytes_max(BODY_BYTES_MAX), get_head)
        .add(
            Operation::post("hurry", "/api/v1/mirror/hurry")
                .scope(Scope::FacesWrite)
                .metered(1)
                .deadline(HURRY),
            get_head,
        )
        .add(Operation::delete("delete", "/api/v1/mirror/things/{id}"), get_head)
}

async fn get_head(
    peer: Option<Extension<PeerAddress>>,
    id: Option<Extension<CurrentRequestId>>,
    principal: Option<Extension<Principal>>,
    request: Request,
) -> Json<Value> {
    let mut headers = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in request.headers() {
        headers.entry(name.as_str()).or_default().push(value.to_str().unwrap());
    }
    Json(json!({
        "method": request.method().as_str(),
        "target": request.uri().to_string(),
        "headers": headers,
        "peer": peer.map(|Extension(peer)| peer.0.to_string()),
        "request_id": id.map(|Extension(id)| id.0.to_string()),
        "principal": principal.map(|Extension(principal)| principal),
    }))
}

/// Says no without reading.
async fn refuse() -> Problem {
    Problem::new(Code::ImageTooLarge)
}

async fn echo(request: Request) -> Response {
    Response::new(request.into_body())
}

/// The service in a process of its own, as far as a test can tell.
struct RemoteService {
    address: SocketAddr,
    platform: Platform,
    host: JoinHandle<Result<(), TaskEnded>>,
}

impl RemoteService {
    /// Answers what it has in hand and ends.
    async fn stop(self) {
        self.platform.shutdown.cancel();
        self.host.await.unwrap().unwrap();
    }
}

impl RemoteService {
    /// Starts it over the deployment's keys.
    async fn start(home: &TestHome, name: &'static str, router: Router) -> Self {
        let keyring = Keyring::open_or_create(&home.path().join("keyring.json")).unwrap();
        let platform = Platform::new(home.path(), keyring, Arc::new(noon()));
        let platform = platform.with_databases(TestDatabases::locations_of(home.path()));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = InternalListener::bind(any).await.unwrap();
        let address = listener.address().unwrap();
        let verifier = platform.principal_verifier(&PrincipalConfig::default()).unwrap();
        let routes = InternalRoutes::new(verifier, Arc::clone(&platform.clock)).with_service(name, router);
        let mut host = Host::new(platform.clone());
        host.serve_internal(listener, routes);
        let listeners = Listeners::bind(any, any).await.unwrap();
        let host = tokio::spawn(host.run(listeners, Router::new(), ListenerOptions::default()));
        Self { address, platform, host }
    }
}

/// The service at an address.
fn at(address: SocketAddr) -> Upstream {
    let uri: http::Uri = format!("http://{address}").parse().unwrap();
    behind(Backend::Remote(uri.into()))
}

fn behind(backend: Backend) -> Upstream {
    Upstream {
        service: SERVICE,
        description: "Tells how requests arrive",
        operations: endpoints().into_operations(),
        backend,
    }
}

/// A gateway before the service in another process.
async fn start(config: Config) -> (Gateway, RemoteService) {
    let home = TestHome::new();
    let service = RemoteService::start(&home, SERVICE, endpoints().into_router(())).await;
    let gateway = Gateway::start_before(home, config, at(service.address)).await;
    (gateway, service)
}

/// A service that does with its connections, counted from 0, what a test says.
async fn scripted<F: Future<Output = ()> + Send + 'static>(
    script: impl Fn(usize, TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for index in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(script(index, stream));
        }
    });
    address
}

/// A gateway before such a service; it does not retry unless a test says so.
async fn start_scripted<F: Future<Output = ()> + Send + 'static>(
    config: Config,
    script: impl Fn(usize, TcpStream) -> F + Send + 'static,
) -> Gateway {
    Gateway::start_before(TestHome::new(), config, at(scripted(script).await)).await
}

/// Reads up to the end of a head; none where the connection ends before.
async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Takes a request and answers with these bytes; whether there was one.
async fn answer(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    read_head(stream).await.is_some() && stream.write_all(bytes).await.is_ok()
}

/// A client of the gateway that speaks for itself.
async fn connect(gateway: &Gateway, request: &str) -> TcpStream {
    let mut client = TcpStream::connect(gateway.address).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

/// Reads up to the end of the connection, whatever that is.
async fn read_rest(mut client: TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        read.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// The value of a metric's line.
fn metric(gateway: &Gateway, line: &str) -> u64 {
    let metrics = gateway.platform.metrics.render();
    let found = metrics.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
    found.unwrap_or_else(|| panic!("{line} is not among\n{metrics}"))
}

/// Limits that no test reaches by accident, and nothing is sent twice.
fn once() -> Config {
    let mut config = crate::harness::fast();
    config.upstream.retry.retries_max = 0;
    config
}
