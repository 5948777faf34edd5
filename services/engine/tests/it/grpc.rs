//! N10: callers cannot tell the engine in their process from one behind gRPC.

use std::sync::Arc;

use prosopa_contract::engine::{
    AnalyzeFacesResponse, CalendarDate, Engine, EngineClient, ReadDocumentRequest, serve_engine,
};
use tonic::transport::{Channel, Server, server::TcpIncoming};

use crate::support::{asset, request, shared_engine};

async fn connect() -> EngineClient {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let engine: Arc<dyn Engine> = shared_engine();
    tokio::spawn(Server::builder().add_service(serve_engine(engine)).serve_with_incoming(incoming));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    EngineClient::new(channel)
}

/// Times differ from run to run; nothing else may.
fn without_timings(mut answer: AnalyzeFacesResponse) -> AnalyzeFacesResponse {
    answer.timings = None;
    answer
}

#[tokio::test]
async fn answers_are_the_same_over_the_wire() {
    let (local, remote) = (shared_engine(), connect().await);
    for name in ["astronaut.png", "portrait_b1.png", "palette.png"] {
        let here = local.analyze_faces(request(asset(name))).await.unwrap();
        let there = remote.analyze_faces(request(asset(name))).await.unwrap();
        assert!(there.timings.is_some());
        assert_eq!(without_timings(here), without_timings(there), "{name}");
    }
    assert_eq!(local.describe_models().await, remote.describe_models().await);
}

#[tokio::test]
async fn documents_are_read_the_same_over_the_wire() {
    let (local, remote) = (shared_engine(), connect().await);
    let mut request = ReadDocumentRequest { image: asset("portrait_b1.png").into(), ..Default::default() };
    assert_eq!(local.read_document(request.clone()).await, remote.read_document(request.clone()).await);
    request.today = Some(CalendarDate { year: 2026, month: 6, day: 1 });
    request.with_portrait = true;
    let [mut here, mut there] =
        [local.read_document(request.clone()).await.unwrap(), remote.read_document(request).await.unwrap()];
    assert!(here.timings.take().is_some() && there.timings.take().is_some() && here.portrait.is_some());
    assert_eq!(here, there);
}

#[tokio::test]
async fn errors_are_the_same_over_the_wire() {
    let (local, remote) = (shared_engine(), connect().await);
    let astronaut = asset("astronaut.png");
    let mut bomb = astronaut.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let mut requests: Vec<_> = [
        Vec::new(),
        b"GIF89a".to_vec(),
        asset("animated.webp"),
        astronaut[..5_000].to_vec(),
        bomb,
        vec![0; 20 * 1024 * 1024 + 1],
    ]
    .map(request)
    .into();
    let mut invalid = request(astronaut);
    invalid.min_face_px = Some(1);
    requests.push(invalid);
    for request in requests {
        let here = local.analyze_faces(request.clone()).await.unwrap_err();
        let there = remote.analyze_faces(request).await.unwrap_err();
        assert_eq!(here, there);
    }
}
