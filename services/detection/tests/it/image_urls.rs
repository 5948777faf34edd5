//! Pictures that are fetched from an address: off, from named hosts alone, bounded, and following nobody.

use std::net::SocketAddr;

use axum::{Router, http::header::CONTENT_TYPE, response::Redirect, routing::get};
use http::{Request, StatusCode};
use serde_json::json;

use prosopa_detection::Config;
use prosopa_model::AccountId;
use prosopa_testkit::Received;

use crate::support::Detection;

/// A server of pictures on this machine.
async fn serve() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/face.jpg", get(|| async { ([(CONTENT_TYPE, "image/jpeg; q=1")], "\u{ff}a face") }))
        .route("/page", get(|| async { ([(CONTENT_TYPE, "text/html")], "<p>a page") }))
        .route("/moved", get(|| async { Redirect::to("/face.jpg") }))
        .route("/missing", get(|| async { StatusCode::NOT_FOUND }))
        .route("/large", get(|| async { vec![0_u8; 20 * 1024 * 1024 + 1] }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn start(hosts: &[String]) -> Detection {
    Detection::with_config(Config { image_url_hosts: hosts.to_vec(), ..Config::default() }).await
}

async fn send(detection: &Detection, account: AccountId, key: &str, fields: &[(&str, &str)]) -> Received {
    let parts = fields.iter().map(|(name, text)| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    });
    let form = parts.collect::<String>() + "--B--\r\n";
    let request = Request::post("/api/v1/images").header("content-type", "multipart/form-data; boundary=B");
    let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
    detection.call(account, request.body(form.into()).unwrap()).await
}

fn refusal(received: &Received) -> (u16, String, String) {
    let problem = received.json();
    let error = &problem["errors"][0];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (received.status.as_u16(), text(&error["pointer"]), text(&error["detail"]))
}

/// K3: unless an operator names hosts, no address is asked.
#[tokio::test]
async fn nothing_is_fetched_unless_a_host_is_named() {
    let address = serve().await;
    let detection = Detection::start().await;
    let url = format!("http://{address}/face.jpg");
    let received = send(&detection, AccountId::new(), "", &[("image_url", &url)]).await;
    assert_eq!(
        refusal(&received),
        (422, "/image_url".into(), "pictures are not fetched here: send the picture itself".into())
    );
}

/// K3: a fetched picture is kept like one that was sent, once for the same person and bytes, and once for a key.
#[tokio::test]
async fn a_picture_of_a_named_host_is_kept() {
    let address = serve().await;
    let detection = start(&[address.to_string()]).await;
    let account = AccountId::new();
    let url = format!("http://{address}/face.jpg");
    let fields = [("image_url", url.as_str()), ("type", "face"), ("subject_id", "anna")];
    let made = send(&detection, account, "once", &fields).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let content = format!("/api/v1/images/{}/content", made.json()["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &content).await.body, "\u{ff}a face".as_bytes());
    let again = send(&detection, account, "once", &fields).await;
    assert_eq!(
        (again.status.as_u16(), &again.headers["idempotent-replayed"]),
        (201, &"true".parse().unwrap())
    );
    let known = send(&detection, account, "", &fields).await;
    assert_eq!((known.status.as_u16(), &known.json()["id"]), (200, &made.json()["id"]));
}

/// K3: what is no picture, lies elsewhere, is too large or comes from another host is refused, and nothing stays.
#[tokio::test]
async fn what_cannot_be_fetched_is_refused() {
    let address = serve().await;
    let detection = start(&[address.to_string()]).await;
    let account = AccountId::new();
    let other = serve().await;
    for (url, words) in [
        (format!("http://{address}/missing"), "cannot be fetched: the server answers 404 Not Found"),
        (format!("http://{address}/moved"), "cannot be fetched: the server answers 303 See Other"),
        (format!("http://{address}/large"), "cannot be fetched: the picture has more than 20971520 bytes"),
        (format!("http://{other}/face.jpg"), "pictures are not fetched from this host"),
        ("https://169.254.169.254/".to_owned(), "pictures are not fetched from this host"),
    ] {
        let received = send(&detection, account, "", &[("image_url", &url)]).await;
        assert_eq!(refusal(&received), (422, "/image_url".into(), words.into()), "{url}");
    }
    let page = send(&detection, account, "", &[("image_url", &format!("http://{address}/page"))]).await;
    assert_eq!(page.refusal(), (415, "unsupported-media-type".into()));
    let both = detection.upload(account, &[("image_url", "https://pictures.example/a")], b"a face").await;
    assert_eq!(refusal(&both), (422, "/image_url".into(), "not beside a picture".into()));
    let neither = send(&detection, account, "", &[("type", "face")]).await;
    assert_eq!(refusal(&neither).1, "/image");
    assert_eq!(detection.get(account, "/api/v1/images").await.json()["items"], json!([]));
}
