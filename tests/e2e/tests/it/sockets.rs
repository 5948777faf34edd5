//! The WebSocket of a registration, through the whole product.

use futures::{SinkExt, StreamExt};
use prosopa_harness::{Answer, Product, patiently};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Registers without waiting; gives back the answer.
async fn register(product: &Product, user_name: &str) -> Answer {
    let email = format!("{user_name}@example.org");
    let body = json!({ "user_name": user_name, "email": email, "password": "correct horse battery staple" });
    let stranger = product.stranger();
    let request = stranger.request(reqwest::Method::POST, "/api/v1/auth/register").json(&body);
    let queued = stranger.send(request.header("prefer", "respond-async")).await;
    assert_eq!(queued.status, 202, "{}", queued.json());
    queued
}

async fn try_open(product: &Product, id: &str, bearer: Option<&str>) -> Result<Socket, tungstenite::Error> {
    let url = product.url().replacen("http://", "ws://", 1);
    let mut request = format!("{url}/api/v1/auth/registrations/{id}/events").into_client_request().unwrap();
    if let Some(secret) = bearer {
        request.headers_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

/// Everything that is told until the end, and how it ends.
async fn hear(mut socket: Socket) -> (Vec<Value>, CloseFrame) {
    let mut told = Vec::new();
    loop {
        match socket.next().await.expect("a message").expect("a sound connection") {
            Message::Text(text) => told.push(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => return (told, frame.expect("a reason")),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other}"),
        }
    }
}

/// R1, R2: a page registers, hears the outcome over a socket when it happens, and the row is deleted.
#[tokio::test]
async fn the_outcome_of_a_registration_is_told() {
    let product = Product::start().await;
    let queued = register(&product, "ada").await;
    let (id, secret) = (queued.text("/id"), queued.text("/secret"));
    let mut socket = try_open(&product, &id, None).await.unwrap();
    socket.send(Message::Text(secret.clone().into())).await.unwrap();
    let (told, end) = hear(socket).await;
    let last = told.last().unwrap();
    assert_eq!((&last["status"], &last["remark"]), (&json!("completed"), &json!("the user was registered")));
    assert!(last["user_id"].as_str().unwrap().starts_with("usr_"));
    assert_eq!(u16::from(end.code), 1000);
    for earlier in &told[..told.len() - 1] {
        assert!(["queued", "processing"].contains(&earlier["status"].as_str().unwrap()), "{earlier}");
    }

    // Once it is done it is told at once, to a program as well, which brings the secret in a header.
    let (told, end) = hear(try_open(&product, &id, Some(&secret)).await.unwrap()).await;
    assert_eq!((told.len(), &told[0], u16::from(end.code)), (1, last, 1000));

    let asker = product.stranger().with_token(&secret);
    let path = format!("/api/v1/auth/registrations/{id}");
    assert_eq!(patiently(async || asker.delete(&path).await).await.status, 204);
    let mut socket = try_open(&product, &id, None).await.unwrap();
    socket.send(Message::Text(secret.into())).await.unwrap();
    let (told, end) = hear(socket).await;
    assert_eq!((told.len(), u16::from(end.code)), (0, 1008));
}

/// R2: a registration that fails is told why.
#[tokio::test]
async fn a_failed_registration_is_told_why() {
    let product = Product::start().await;
    // Both pass the first look; the second job finds the name taken.
    let (one, other) = tokio::join!(register(&product, "ada"), register(&product, "ada"));
    let mut outcomes = Vec::new();
    for queued in [one, other] {
        let socket = try_open(&product, &queued.text("/id"), Some(&queued.text("/secret"))).await.unwrap();
        let (told, _) = hear(socket).await;
        let last = told.last().unwrap();
        outcomes.push((last["status"].as_str().unwrap().to_owned(), last["code"].clone()));
    }
    outcomes.sort_by(|a, b| a.0.cmp(&b.0));
    let codes = [json!("user-name-taken"), json!("email-taken")];
    assert_eq!([outcomes[0].0.as_str(), outcomes[1].0.as_str()], ["completed", "failed"]);
    assert!(codes.contains(&outcomes[1].1), "{outcomes:?}");
}

/// R2: who has no secret learns nothing, and what is no socket is told so.
#[tokio::test]
async fn sockets_are_refused_to_strangers() {
    let product = Product::start().await;
    let queued = register(&product, "ada").await;
    let id = queued.text("/id");
    for (id, wrong) in
        [(id.as_str(), "guessed"), ("reg_01h455vb4pex5vsknk084sn02q", "guessed"), ("1", "guessed")]
    {
        let Err(tungstenite::Error::Http(refused)) = try_open(&product, id, Some(wrong)).await else {
            panic!("{id} is open to strangers");
        };
        assert_eq!(refused.status(), 404, "{id}");
    }
    for first in [Message::Text("guessed".into()), Message::Binary(vec![0; 16].into())] {
        let mut socket = try_open(&product, &id, None).await.unwrap();
        socket.send(first).await.unwrap();
        let (told, end) = hear(socket).await;
        assert_eq!((told.len(), u16::from(end.code)), (0, 1008));
    }
    let mut socket = try_open(&product, &id, None).await.unwrap();
    // The connection may break while it is being sent.
    let _ = socket.send(Message::Text("x".repeat(100_000).into())).await;
    let told = socket.filter_map(async |message| message.ok().filter(Message::is_text)).count().await;
    assert_eq!(told, 0, "an endless secret is not read");
    let plain = product.stranger().with_token(&queued.text("/secret"));
    let refused =
        patiently(async || plain.get(&format!("/api/v1/auth/registrations/{id}/events")).await).await;
    assert_eq!(refused.refusal(), (400, "malformed-request".into()));
}

/// R2: an orderly end of the product ends the sockets too, with a reason where the product is one process. A gateway that
/// ends cuts the sockets of other processes, into whose frames it does not look.
#[tokio::test]
async fn sockets_end_with_the_product() {
    let product = Product::start().await;
    let queued = register(&product, "ada").await;
    let mut socket = try_open(&product, &queued.text("/id"), None).await.unwrap();
    // It waits for a secret that does not come.
    socket.send(Message::Ping(Vec::new().into())).await.unwrap();
    if product.is_apart() {
        let cut = async { while socket.next().await.is_some_and(|message| message.is_ok()) {} };
        let (ended, ()) = tokio::join!(product.stop(), cut);
        assert!(ended.0.success());
        return;
    }
    let (ended, heard) = tokio::join!(product.stop(), hear(socket));
    assert!(ended.0.success());
    assert_eq!((heard.0.len(), u16::from(heard.1.code)), (0, 1012));
}
