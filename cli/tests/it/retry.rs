//! Trying again: when, how often, how long.

use std::io::Read as _;
use std::time::Duration;

use serde_json::json;

use crate::binary::{Home, finish};
use crate::fake::{Fake, Reply};
use crate::pictures::{created, jpeg};

const DETECT: &str = "POST /faces/detections";

fn limited() -> Reply {
    Reply::problem(429, "rate-limited", "Requests come too fast", json!({}))
}

fn home_with_picture(fake: &Fake) -> Home {
    let home = Home::signed_in(fake, "a", "r");
    home.write("photo.jpg", jpeg(9, 9));
    home
}

/// F7: rate limits and busy servers are tried again, with the whole body, until it works.
#[test]
fn passing_problems_are_tried_again() {
    let fake = Fake::start();
    let busy = Reply::problem(503, "overloaded", "The service is busy", json!({}));
    let proxy = Reply::raw(503, "text/html", "<html>");
    fake.on(DETECT, [limited(), busy, proxy, created(1, 1)]);
    home_with_picture(&fake).run(&fake, &["detect", "photo.jpg"]).expect_code(0);
    let requests = fake.requests(DETECT);
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| request.body == jpeg(9, 9)));
}

/// F7: after the last attempt it ends with 6 and says how often it tried.
#[test]
fn attempts_are_bounded() {
    let fake = Fake::start();
    fake.on(DETECT, [limited()]);
    let home = home_with_picture(&fake);
    let run = home.run(&fake, &["detect", "photo.jpg"]).expect_code(6);
    assert_eq!(fake.request_count(), 6);
    assert!(
        run.stderr.contains("Requests come too fast") && run.stderr.contains("after 6 attempts"),
        "{}",
        run.stderr
    );
    home.run(&fake, &["detect", "photo.jpg", "--retries", "0"]).expect_code(6);
    assert_eq!(fake.request_count(), 7);
}

/// F7: the next attempt comes no sooner than the header asks, or the body's finer number.
#[test]
fn wait_that_the_server_asks_for_is_honoured() {
    for (refusal, asked) in [
        (limited().header("retry-after", "1"), Duration::from_secs(1)),
        (
            Reply::problem(429, "rate-limited", "t", json!({ "retry_after_ms": 300 })),
            Duration::from_millis(300),
        ),
    ] {
        let fake = Fake::start();
        fake.on(DETECT, [refusal, created(1, 1)]);
        home_with_picture(&fake).run(&fake, &["detect", "photo.jpg"]).expect_code(0);
        let requests = fake.requests(DETECT);
        let gap = requests[1].at - requests[0].at;
        assert!(gap >= asked, "{gap:?} instead of {asked:?}");
    }
}

/// F7: a wait longer than anybody's patience is told instead of waited.
#[test]
fn overlong_wait_is_told() {
    let fake = Fake::start();
    fake.on(DETECT, [limited().header("retry-after", "86400")]);
    let run = home_with_picture(&fake).run(&fake, &["detect", "photo.jpg"]).expect_code(6);
    assert_eq!(fake.request_count(), 1);
    assert!(run.stderr.contains("try again in 86400 s"), "{}", run.stderr);
}

/// F5: a quota is not tried again, nor what may have been done.
#[test]
fn other_problems_are_not_tried_again() {
    for (status, code, exit_code) in
        [(429, "quota-exceeded", 5), (500, "internal", 1), (504, "deadline-exceeded", 1)]
    {
        let fake = Fake::start();
        fake.on(DETECT, [Reply::problem(status, code, "title", json!({})).header("retry-after", "1")]);
        home_with_picture(&fake).run(&fake, &["detect", "photo.jpg"]).expect_code(exit_code);
        assert_eq!(fake.request_count(), 1, "{code}");
    }
}

/// F8: a server that is not there is explained.
#[test]
fn absent_server_is_explained() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let run = finish(Home::new().command(["whoami", "--server", &url, "--token", "t"]).spawn().unwrap())
        .expect_code(6);
    assert!(run.stderr.contains(&format!("cannot reach {url}: connection refused")), "{}", run.stderr);
    assert!(run.stderr.contains("make run"), "{}", run.stderr);
}

/// F8: an answer that never comes ends in time.
#[test]
fn silent_server_times_out() {
    let fake = Fake::start();
    fake.handle("GET /users/me", |_| std::future::pending());
    let run = Home::signed_in(&fake, "a", "r").run(&fake, &["whoami", "--timeout-s", "1"]).expect_code(6);
    assert!(run.stderr.contains("did not answer within 1 s"), "{}", run.stderr);
}

/// F8: what is not this API is told apart: another JSON, a redirect.
#[test]
fn other_kinds_of_server_are_recognised() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "access-secret", "r");
    fake.on("GET /users/me", [Reply::json(200, &json!({ "hello": "access-secret" }))]);
    let run = home.run(&fake, &["whoami"]).expect_code(1);
    assert!(run.stderr.contains("is this the address of a Prosopa server?"), "{}", run.stderr);
    assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    fake.on(
        "GET /users/me",
        [Reply::raw(302, "text/html", "").header("location", "https://elsewhere.example")],
    );
    let run = home.run(&fake, &["whoami"]).expect_code(1);
    assert!(run.stderr.contains("https://elsewhere.example"), "{}", run.stderr);
}

/// F8: a connection that ends instead of an answer is told; what may have been done is not tried again.
#[test]
fn connection_cut_off_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        let mut chunk = [0; 1024];
        while !seen.ends_with(b"\r\n\r\n") {
            let length = stream.read(&mut chunk).unwrap();
            seen.extend_from_slice(&chunk[..length]);
        }
        listener.set_nonblocking(true).unwrap();
        drop(stream);
        listener
    });
    let run = finish(Home::new().command(["whoami", "--server", &url, "--token", "t"]).spawn().unwrap())
        .expect_code(6);
    assert!(run.stderr.contains("the connection was closed"), "{}", run.stderr);
    assert!(server.join().unwrap().accept().is_err(), "it came again");
}
