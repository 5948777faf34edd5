//! Whether somebody without credentials learns from the time of an answer who has an account.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};

use prosopa_auth::Config;

use crate::support::App;

/// Pairs of one request about somebody known and one about nobody.
const PAIRS: usize = 41;

/// Rounds of so many pairs: what tells something tells it in each, a busy machine hardly in all of them.
const ROUNDS: usize = 5;

/// The middle of the times that `PAIRS` requests take, about the known and about unknown ones, in turn: what else the
/// machine does meanwhile hits both.
async fn medians(
    app: &App,
    path: &str,
    status: StatusCode,
    body: &impl Fn(bool, usize) -> Value,
) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for index in 0..PAIRS {
        let is_known_first = index % 2 == 0;
        for is_known in [is_known_first, !is_known_first] {
            let request = body(is_known, index);
            let started = Instant::now();
            let answer = app.post(path, request).await;
            times[usize::from(!is_known)].push(started.elapsed());
            assert_eq!(answer.status, status, "{}", answer.json);
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[PAIRS / 2]
    })
}

/// Fails if the times differ in every round; gives those of the first in which they do not.
async fn assert_alike(
    app: &App,
    path: &str,
    status: StatusCode,
    body: impl Fn(bool, usize) -> Value,
) -> [Duration; 2] {
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        let [known, unknown] = medians(app, path, status, &body).await;
        let ratio = known.as_secs_f64() / unknown.as_secs_f64();
        if (0.6..1.7).contains(&ratio) {
            return [known, unknown];
        }
        seen.push((known, unknown));
    }
    panic!("known and unknown: {seen:?}");
}

/// F2: a wrong password for a known name takes as long as any for an unknown one.
#[tokio::test]
async fn the_time_of_a_login_tells_no_names() {
    let config = Config { failed_login_burst: 100, failed_login_network_burst: 1_000, ..Config::default() };
    let app = App::start_with(config).await;
    app.register("ada").await;
    let body = |is_known, index| {
        // What failed is forgiven by then.
        app.clock.advance(Duration::from_secs(120));
        let name = if is_known { "ada".to_owned() } else { format!("nobody-{index}") };
        json!({ "user_name": name, "password": "incorrect horse" })
    };
    let times = assert_alike(&app, "/api/v1/auth/login", StatusCode::UNAUTHORIZED, body).await;
    // Else both were turned away before the hash, and the comparison would mean nothing.
    assert!(times[1] > Duration::from_millis(2), "{times:?}");
}

/// A1: asking for a new password takes as long for an unknown address as for a known one.
#[tokio::test]
async fn the_time_of_a_reset_request_tells_no_addresses() {
    let app = App::start().await;
    app.register("ada").await;
    let app = app.idle().await;
    let body = |is_known, index| {
        // Each minute one more is welcome.
        app.clock.advance(Duration::from_secs(120));
        let name = if is_known { "ada".to_owned() } else { format!("nobody-{index}") };
        json!({ "email": format!("{name}@example.org") })
    };
    assert_alike(&app, "/api/v1/auth/password-resets", StatusCode::ACCEPTED, body).await;
}
