//! Sockets of signed-in users, through the whole product.

use std::time::{Duration, Instant};

use futures::StreamExt;
use prosopa_harness::{Answer, Caller, PASSWORD, Product, patiently, photo};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

/// By when a socket is closed whose caller has ended.
const END_MAX: Duration = Duration::from_secs(1);

/// An open socket that tells how jobs stand.
struct Following(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Following {
    async fn try_open(
        product: &Product,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let url = product.url().replacen("http://", "ws://", 1);
        let mut request = format!("{url}/api/v1/jobs/events").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        connect_async(request).await.map(|(socket, _)| Self(socket))
    }

    async fn open(product: &Product, token: &str) -> Self {
        Self::try_open(product, &[("authorization", &format!("Bearer {token}"))]).await.unwrap()
    }

    /// What is told next; the status code of its end as an error, 0 for none.
    async fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    /// Hears of a job until it has ended; how it stood each time.
    async fn until_done(&mut self, job: &str) -> Vec<String> {
        let mut statuses = Vec::new();
        loop {
            let told = self.next().await.expect("a job");
            if told["id"] != job {
                continue;
            }
            let status = told["status"].as_str().unwrap().to_owned();
            let is_done = status == "completed" || status == "failed";
            statuses.push(status);
            if is_done {
                return statuses;
            }
        }
    }

    /// Waits for the end; its status code, and how long ago that was wanted.
    async fn end(&mut self, wanted: Instant) -> (u16, Duration) {
        let ended = async {
            loop {
                if let Err(code) = self.next().await {
                    return code;
                }
            }
        };
        let code = tokio::time::timeout(Duration::from_secs(30), ended).await.expect("an end");
        (code, wanted.elapsed())
    }
}

/// How a socket ends whose caller has: a gateway in a process of its own does not write into the frames of others and cuts.
const fn policy_code(product: &Product) -> u16 {
    if product.is_apart() { 0 } else { 1008 }
}

async fn submit(user: &Caller) -> String {
    let accepted = patiently(async || {
        let request =
            user.request(Method::POST, "/api/v1/faces/detections").header("prefer", "respond-async");
        user.send(request.header("content-type", "image/png").body(photo())).await
    })
    .await;
    assert_eq!(accepted.status, 202, "{}", accepted.json());
    accepted.text("/id")
}

async fn log_in(product: &Product, user_name: &str) -> Answer {
    let login = json!({ "user_name": user_name, "password": PASSWORD });
    let stranger = product.stranger();
    let begun = patiently(async || stranger.post("/api/v1/auth/login", &login).await).await;
    assert_eq!(begun.status, 200, "{}", begun.json());
    begun
}

/// R6, K6: a user follows a job to its result; when the administrator deactivates the user, the live socket is closed within
/// a second and opens no more, and that of another goes on.
#[tokio::test]
async fn a_deactivated_user_loses_the_live_socket() {
    let product = Product::start().await;
    let (administrator, ada, eve) =
        (product.administrator().await, product.user().await, product.user().await);
    let token = log_in(&product, &ada.user_name).await.text("/access_token");
    let other = log_in(&product, &eve.user_name).await.text("/access_token");
    let mut live = Following::open(&product, &token).await;
    let mut others = Following::open(&product, &other).await;
    let statuses = live.until_done(&submit(&ada).await).await;
    assert_eq!(statuses.last().unwrap(), "completed", "{statuses:?}");

    let id = patiently(async || ada.get("/api/v1/users/me").await).await.text("/id");
    let path = format!("/api/v1/users/{id}");
    let body = json!({ "status": "deactivated" });
    let request = administrator.request(Method::PATCH, &path).json(&body);
    let changed = administrator.send(request).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    let (code, time) = live.end(Instant::now()).await;
    assert_eq!(code, policy_code(&product));
    assert!(time < END_MAX, "{time:?}");
    let header = format!("Bearer {token}");
    let refused = product.ask_after_the_end(async || ada.get("/api/v1/users/me").await).await;
    assert_eq!(refused.status, 401);
    let Err(tungstenite::Error::Http(refused)) =
        Following::try_open(&product, &[("authorization", &header)]).await
    else {
        panic!("a deactivated user follows anew");
    };
    assert_eq!(refused.status(), 401);
    let job = submit(&eve).await;
    assert_eq!(others.until_done(&job).await.last().unwrap(), "completed");
}

/// R6, R3, F3: a logout, the end of a browser's session and the revocation of a key each close the sockets that were opened by
/// them, within a second, and no others of the same user.
#[tokio::test]
async fn a_live_socket_ends_with_its_own_credential() {
    let product = Product::start().await;
    let user = product.user().await;
    let (kept, left) = (log_in(&product, &user.user_name).await, log_in(&product, &user.user_name).await);
    let key = user.post("/api/v1/auth/api-keys", &json!({ "name": "follower" })).await;
    let (origin, session) = (product.url().to_owned(), "/api/v1/auth/session");
    let login = json!({ "user_name": user.user_name, "password": PASSWORD });
    let stranger = product.stranger();
    let begun = patiently(async || {
        stranger.send(stranger.request(Method::POST, session).header("origin", &origin).json(&login)).await
    })
    .await;
    let (cookie, _) = begun.headers["set-cookie"].to_str().unwrap().split_once(';').unwrap();

    let mut goes_on = Following::open(&product, &kept.text("/access_token")).await;
    let mut of_session = Following::open(&product, &left.text("/access_token")).await;
    let mut of_key = Following::open(&product, &key.text("/key")).await;
    let mut of_browser =
        Following::try_open(&product, &[("cookie", cookie), ("origin", &origin)]).await.unwrap();

    let logout = json!({ "refresh_token": left.text("/refresh_token") });
    assert_eq!(stranger.post("/api/v1/auth/logout", &logout).await.status, 204);
    let (code, time) = of_session.end(Instant::now()).await;
    assert!(code == policy_code(&product) && time < END_MAX, "{code} {time:?}");

    let path = format!("/api/v1/auth/api-keys/{}", key.text("/id"));
    assert_eq!(patiently(async || user.delete(&path).await).await.status, 204);
    let (code, time) = of_key.end(Instant::now()).await;
    assert!(code == policy_code(&product) && time < END_MAX, "{code} {time:?}");

    let request = stranger.request(Method::DELETE, session).header("cookie", cookie);
    let request = request.header("origin", &origin).header("x-csrf-token", begun.text("/csrf_token"));
    assert_eq!(stranger.send(request).await.status, 204);
    let (code, time) = of_browser.end(Instant::now()).await;
    assert!(code == policy_code(&product) && time < END_MAX, "{code} {time:?}");

    let job = submit(&user).await;
    assert_eq!(goes_on.until_done(&job).await.last().unwrap(), "completed");
}

/// R8: a page of another site opens no socket by a browser's cookie, and a stranger none at all.
#[tokio::test]
async fn strangers_and_foreign_pages_open_no_socket() {
    let product = Product::start().await;
    let user = product.user().await;
    let origin = product.url().to_owned();
    let login = json!({ "user_name": user.user_name, "password": PASSWORD });
    let stranger = product.stranger();
    let begun = patiently(async || {
        let request = stranger.request(Method::POST, "/api/v1/auth/session").header("origin", &origin);
        stranger.send(request.json(&login)).await
    })
    .await;
    let (cookie, _) = begun.headers["set-cookie"].to_str().unwrap().split_once(';').unwrap();
    for (headers, status) in [
        (vec![], 401),
        (vec![("authorization", "Bearer guessed")], 401),
        (vec![("cookie", cookie)], 403),
        (vec![("cookie", cookie), ("origin", "https://evil.example")], 403),
    ] {
        let Err(tungstenite::Error::Http(refused)) = Following::try_open(&product, &headers).await else {
            panic!("{headers:?} opens a socket");
        };
        assert_eq!(refused.status(), status, "{headers:?}");
    }
    Following::try_open(&product, &[("cookie", cookie), ("origin", &origin)]).await.unwrap();
}
