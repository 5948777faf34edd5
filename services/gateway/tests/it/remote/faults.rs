//! Services that hang, break off, lie about their length or do not speak HTTP.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    time::timeout,
};

use super::{answer, connect, metric, once, read_head, read_rest, start_scripted};
use crate::harness::{Call, fast, user};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const METERED: &str = "/api/v1/mirror/metered";

/// S4, F5: what is no answer is a bad gateway, is not sent again where it must not be, and costs nothing.
#[tokio::test]
async fn what_is_no_answer_is_a_bad_gateway() {
    let endless = [b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec(), vec![b'x'; 1 << 20]].concat();
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(200));
    let answers: [&[u8]; 14] = [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nno number\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nProsopa-Principal: refused\r\nContent-Length: 0\r\n\r\n",
        &endless,
        many.as_bytes(),
    ];
    for bytes in answers {
        let requests = Arc::new(AtomicUsize::new(0));
        let (bytes, counted) = (bytes.to_vec(), Arc::clone(&requests));
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        let gateway = start_scripted(fast(), move |_, mut stream| {
            let (bytes, counted) = (bytes.clone(), Arc::clone(&counted));
            async move {
                if answer(&mut stream, &bytes).await {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
        })
        .await;
        gateway.know("token", &user());
        let refused = gateway.send(Call::post(METERED).bearer("token")).await;
        assert_eq!(refused.status, StatusCode::BAD_GATEWAY, "{shown}");
        refused.expect_problem(502, "bad-gateway");
        assert!(refused.header("ratelimit").contains("\"day\";r=100;"), "{shown}");
        assert!(requests.load(Ordering::SeqCst) <= 1, "{shown}");
    }
}

/// S4, F5: a service that hangs does not hold the client; its work may be done, so it is charged.
#[tokio::test]
async fn a_service_that_hangs_meets_the_deadline() {
    let closed = Arc::new(Notify::new());
    let notices = Arc::clone(&closed);
    let gateway = start_scripted(once(), move |index, mut stream| {
        let notices = Arc::clone(&notices);
        async move {
            read_head(&mut stream).await;
            // The second one has much to say, and never comes to the point.
            while index == 1 && stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await.is_ok() {
                tokio::task::yield_now().await;
            }
            let _ = stream.read(&mut [0; 1]).await;
            notices.notify_one();
        }
    })
    .await;
    gateway.know("token", &user());
    for spent in 1..=2 {
        let late = gateway.send(Call::post("/api/v1/mirror/hurry").bearer("token")).await;
        late.expect_problem(504, "deadline-exceeded");
        let left = format!("\"day\";r={};", 100 - spent);
        assert!(late.header("ratelimit").contains(&left), "{}", late.header("ratelimit"));
        timeout(Duration::from_secs(10), closed.notified()).await.expect("the service is told");
    }
}

/// S4: interim answers are not the answer.
#[tokio::test]
async fn interim_answers_are_left_out() {
    let gateway = start_scripted(once(), |_, mut stream| async move {
        let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
        answer(&mut stream, &[interim, OK].concat()).await;
    })
    .await;
    let answer = gateway.send(Call::get("/api/v1/mirror/head")).await;
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"ok"[..]));
    assert_eq!(answer.header("link"), "(absent)");
}

/// S4: an answer that is not whole does not look whole.
#[tokio::test]
async fn an_answer_that_breaks_off_is_cut_off() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    for (beginning, rest, shown) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "", "half"),
        (chunked, "", "4\r\nhalf\r\n"),
        (chunked, "4\r\nre", "4\r\nhalf\r\n"),
        (chunked, "rest\r\n", "4\r\nhalf\r\n"),
    ] {
        let may_go_on = Arc::new(Notify::new());
        let goes_on = Arc::clone(&may_go_on);
        let gateway = start_scripted(once(), move |_, mut stream| {
            let goes_on = Arc::clone(&goes_on);
            async move {
                answer(&mut stream, beginning.as_bytes()).await;
                goes_on.notified().await;
                stream.write_all(rest.as_bytes()).await.unwrap();
            }
        })
        .await;
        let mut client = connect(&gateway, "GET /api/v1/mirror/head HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let head = read_head(&mut client).await.unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        let mut body = vec![0; shown.len()];
        client.read_exact(&mut body).await.unwrap();
        assert_eq!(body, shown.as_bytes());
        may_go_on.notify_one();
        let rest = timeout(Duration::from_secs(10), read_rest(client)).await.expect("it is cut off");
        assert!(!rest.ends_with("0\r\n\r\n") && rest.len() < 90, "no end comes: {rest}");
    }
}

/// S4: a service that falls silent within its answer does not hold the client for ever.
#[tokio::test]
async fn an_answer_that_falls_silent_is_cut_off() {
    let mut config = once();
    config.upstream.idle_timeout_ms = 200;
    let gateway = start_scripted(config, |_, mut stream| async move {
        answer(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
        let _ = stream.read(&mut [0; 1]).await;
    })
    .await;
    let client = connect(&gateway, "GET /api/v1/mirror/head HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = timeout(Duration::from_secs(10), read_rest(client)).await.expect("it is cut off");
    assert!(answer.ends_with("\r\n\r\nhalf"), "{answer}");
}

/// S4: what comes after an answer is not the answer of the next request.
#[tokio::test]
async fn more_than_was_announced_reaches_nobody() {
    let gateway = start_scripted(once(), |index, mut stream| async move {
        let own = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{index}");
        let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
        while answer(&mut stream, format!("{own}{forged}").as_bytes()).await {}
    })
    .await;
    for index in ["0", "1", "2"] {
        let answer = gateway.send(Call::get("/api/v1/mirror/head")).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, index.as_bytes()));
    }
}

/// S4: who goes away takes the request along, and is no reason to leave the service alone.
#[tokio::test]
async fn a_client_that_vanishes_ends_the_request() {
    let (arrived, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrives, closes) = (Arc::clone(&arrived), Arc::clone(&closed));
    let mut config = once();
    config.upstream.breaker.failures_max = 1;
    let gateway = start_scripted(config, move |index, mut stream| {
        let (arrives, closes) = (Arc::clone(&arrives), Arc::clone(&closes));
        async move {
            if index == 0 {
                read_head(&mut stream).await;
                arrives.notify_one();
                let _ = stream.read(&mut [0; 1]).await;
                closes.notify_one();
            } else {
                answer(&mut stream, OK).await;
            }
        }
    })
    .await;
    let client = connect(&gateway, "GET /api/v1/mirror/head HTTP/1.1\r\nHost: x\r\n\r\n").await;
    arrived.notified().await;
    drop(client);
    timeout(Duration::from_secs(10), closed.notified()).await.expect("the service is told");
    assert_eq!(gateway.send(Call::get("/api/v1/mirror/head")).await.status, StatusCode::OK);
    assert_eq!(metric(&gateway, "prosopa_gateway_upstream_circuit{service=\"mirror\"}"), 0);
}

/// F5: a client whose body breaks off is told so, if it can still hear; that is not the service's fault.
#[tokio::test]
async fn a_body_that_breaks_off_is_the_clients_fault() {
    let mut config = once();
    config.upstream.breaker.failures_max = 1;
    let gateway = start_scripted(config, |_, mut stream| async move {
        while let Ok(1..) = stream.read(&mut [0; 1_024]).await {}
    })
    .await;
    let chunks: [Result<&str, std::io::Error>; 2] = [Ok("half"), Err(std::io::ErrorKind::BrokenPipe.into())];
    let body = axum::body::Body::from_stream(futures::stream::iter(chunks));
    let answer = gateway.send(Call::post("/api/v1/mirror/echo").body(body)).await;
    answer.expect_problem(400, "malformed-request");
    assert_eq!(metric(&gateway, "prosopa_gateway_upstream_circuit{service=\"mirror\"}"), 0);
}
