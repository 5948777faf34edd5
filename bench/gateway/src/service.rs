//! The trivial service behind every proxy: a small answer, a large one, and one that says that somebody is known.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Bytes of a large body.
pub(crate) const LARGE: usize = 64 * 1024;

/// A small answer.
const SMALL: &str = r#"{"id":"det_01h455vb4pex5vsknk084sn02q","faces":1,"state":"completed"}"#;

/// Serves on any port, which is the first line of the output.
pub(crate) async fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let large = Bytes::from(vec![b'x'; LARGE]);
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let large = large.clone();
        let service = service_fn(move |request| answer(request, large.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(request: Request<Incoming>, large: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    let (is_large, is_question) =
        (request.uri().path().ends_with("/large"), request.uri().path() == "/known");
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let mut response =
        Response::new(Full::new(if is_large { large } else { Bytes::from_static(SMALL.as_bytes()) }));
    if is_question {
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Full::default();
    }
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}
