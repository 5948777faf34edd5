//! Registrations that are sent again with their `Idempotency-Key`.

use std::net::SocketAddr;

use futures::future::join_all;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_runtime::PeerAddress;

use super::{body, outcome};
use crate::support::{Answer, App, PASSWORD};

const HERE: &str = "192.0.2.7:41000";

/// One request, which can be sent again.
#[derive(Clone, Copy)]
struct Sent<'a> {
    address: &'a str,
    key: &'a str,
    prefer: &'a str,
}

const AWAITED: Sent<'_> = Sent { address: HERE, key: "k1", prefer: "" };
const QUEUED: Sent<'_> = Sent { prefer: "respond-async", ..AWAITED };

impl Sent<'_> {
    async fn to(self, app: &App, changes: Value) -> Answer {
        let peer = PeerAddress(self.address.parse::<SocketAddr>().unwrap());
        let request = Request::post("/api/v1/auth/register").header("content-type", "application/json");
        let request = request.header("idempotency-key", self.key).header("prefer", self.prefer);
        app.send(request.extension(peer).body(body(changes).to_string().into()).unwrap()).await
    }

    /// Sends it again until the first one has come to its end.
    async fn until_told(self, app: &App, changes: Value) -> Answer {
        loop {
            let answer = self.to(app, changes.clone()).await;
            if answer.json["code"] != "idempotency-key-in-use" {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Sends it to an app that does no jobs, and goes away as soon as it is in the queue.
    async fn and_hang_up(self, app: &App, changes: Value) {
        let is_enqueued = async {
            while app.count("SELECT count(*) FROM registrations").await == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = self.to(app, changes) => panic!("it was answered: {}", answer.json),
            () = is_enqueued => {}
        }
    }
}

fn is_replay(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

/// N9, R1: sent again, a registration makes no second user and is answered with the one that it made.
#[tokio::test]
async fn a_repeated_registration_shows_its_user() {
    let app = App::start().await;
    let (first, again) = (AWAITED.to(&app, json!({})).await, AWAITED.to(&app, json!({})).await);
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED), "{}", again.json);
    assert_eq!((is_replay(&first), is_replay(&again)), (false, true));
    assert_eq!((&again.json, &again.headers["location"]), (&first.json, &first.headers["location"]));
    assert_eq!(app.metric("prosopa_auth_registrations_total{outcome=\"created\"}"), 1);
    assert_eq!(
        app.register("ada").await.problem(),
        "user-name-taken",
        "without the key it is another request"
    );
}

/// N9, R1: who did not wait is given the same registration again, with its secret, before its end and behind it.
#[tokio::test]
async fn a_repeated_queued_registration_shows_its_secret() {
    let app = App::start_idle().await;
    let (first, again) = (QUEUED.to(&app, json!({})).await, QUEUED.to(&app, json!({})).await);
    assert_eq!((first.status, again.status), (StatusCode::ACCEPTED, StatusCode::ACCEPTED), "{}", again.json);
    assert_eq!((is_replay(&first), is_replay(&again)), (false, true));
    assert_eq!((&again.json, &again.headers["location"]), (&first.json, &first.headers["location"]));
    assert_eq!(again.headers["cache-control"], "no-store");
    let app = app.restart(Config::default()).await;
    let location = first.headers["location"].to_str().unwrap();
    assert_eq!(outcome(&app, location, &again.text("secret")).await.text("status"), "completed");
    let ended = QUEUED.to(&app, json!({})).await;
    assert_eq!((ended.text("id"), ended.text("secret")), (first.text("id"), first.text("secret")));
    assert_eq!(ended.text("status"), "completed");
    assert!(!app.home().holds_anywhere(first.text("secret").as_bytes()).await);
    let gone = app.ask(http::Method::DELETE, location, Some(&first.text("secret"))).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(QUEUED.to(&app, json!({})).await.problem(), "not-found", "it is not made again");
}

/// N9: another content with the key is refused, whatever differs.
#[tokio::test]
async fn another_registration_with_the_key_is_refused() {
    let app = App::start().await;
    assert_eq!(AWAITED.to(&app, json!({})).await.status, StatusCode::CREATED);
    for changes in [
        json!({ "user_name": "eve" }),
        json!({ "email": "eve@example.org" }),
        json!({ "password": "another battery staple" }),
        json!({ "api_request_quota": 40 }),
    ] {
        let refused = AWAITED.to(&app, changes).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused")
        );
    }
    assert_eq!(QUEUED.to(&app, json!({})).await.problem(), "idempotency-key-reused");
}

/// N9: one that was refused may be sent again, corrected, with its key.
#[tokio::test]
async fn a_refused_registration_gives_its_key_back() {
    let app = App::start().await;
    app.register("bob").await;
    assert_eq!(AWAITED.to(&app, json!({ "email": "ada" })).await.problem(), "validation-failed");
    assert_eq!(AWAITED.to(&app, json!({ "user_name": "bob" })).await.problem(), "user-name-taken");
    let made = AWAITED.to(&app, json!({})).await;
    assert_eq!((made.status, is_replay(&made)), (StatusCode::CREATED, false), "{}", made.json);
}

/// N9, N3: while the first is at work a repetition is told so; its caller may go away and the process end, the outcome
/// is told to who asks again.
#[tokio::test]
async fn a_running_registration_is_told_later() {
    let app = App::start_idle().await;
    AWAITED.and_hang_up(&app, json!({})).await;
    let running = AWAITED.to(&app, json!({})).await;
    assert_eq!((running.status, running.problem()), (StatusCode::CONFLICT, "idempotency-key-in-use"));
    assert!(running.headers.contains_key("retry-after"));
    let app = app.restart(Config::default()).await;
    let told = AWAITED.until_told(&app, json!({})).await;
    assert_eq!((told.status, is_replay(&told)), (StatusCode::CREATED, true), "{}", told.json);
    assert_eq!(told.json["user_name"], "ada");
}

/// N9: a failure that nobody heard is told once; then the key is free.
#[tokio::test]
async fn a_failed_registration_is_told_and_gives_its_key_back() {
    let app = App::start_idle().await;
    AWAITED.and_hang_up(&app, json!({})).await;
    // The administrator, the only user there is, has taken the address meanwhile.
    app.execute("UPDATE users SET email_key = 'ada@example.org'").await;
    let app = app.restart(Config::default()).await;
    assert_eq!(AWAITED.until_told(&app, json!({})).await.problem(), "email-taken");
    assert_eq!(app.count("SELECT count(*) FROM idempotency_keys").await, 0);
    let made = AWAITED.to(&app, json!({ "email": "ada@example.com" })).await;
    assert_eq!((made.status, is_replay(&made)), (StatusCode::CREATED, false), "{}", made.json);
}

/// N9: of repetitions that race one makes the user, and none is answered wrongly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_repetitions_make_one_user() {
    let app = App::start().await;
    let answers = join_all((0..20).map(|_| AWAITED.to(&app, json!({})))).await;
    let (made, others): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == StatusCode::CREATED && !is_replay(answer));
    assert_eq!(made.len(), 1);
    for other in others {
        if is_replay(other) {
            assert_eq!(other.json, made[0].json);
        } else {
            assert_eq!(other.problem(), "idempotency-key-in-use");
        }
    }
    assert_eq!(app.count("SELECT count(*) FROM users WHERE user_name_key = 'ada'").await, 1);
}

/// N9: strangers in another network cannot ask for what a key has made; those of one customer share theirs.
#[tokio::test]
async fn a_key_belongs_to_the_network_it_came_from() {
    let app = App::start().await;
    let at = |address| Sent { address, ..AWAITED };
    let first = at("[2001:db8:1:2::3]:41000").to(&app, json!({})).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let neighbour = at("[2001:db8:1:2:ffff::9]:52000").to(&app, json!({})).await;
    assert_eq!((is_replay(&neighbour), &neighbour.json), (true, &first.json));
    for address in ["[2001:db8:1:3::3]:41000", HERE] {
        assert_eq!(at(address).to(&app, json!({})).await.problem(), "user-name-taken", "{address}");
    }
    let other_key = Sent { key: "k2", ..at("[2001:db8:1:2::3]:41000") };
    assert_eq!(other_key.to(&app, json!({})).await.problem(), "user-name-taken");
}

/// S10: what is kept of a request lets nobody try passwords or addresses: without the sealed key it means nothing.
#[tokio::test]
async fn what_is_kept_of_a_registration_cannot_be_guessed() {
    let mut kept = Vec::new();
    for _ in 0..2 {
        let app = App::start().await;
        assert_eq!(AWAITED.to(&app, json!({})).await.status, StatusCode::CREATED);
        let [fingerprint, key_hash, sealed] = [
            "SELECT fingerprint FROM idempotency_keys",
            "SELECT key_hash FROM idempotency_keys",
            "SELECT sealed_key FROM hash_key",
        ];
        kept.push([app.bytes(fingerprint).await, app.bytes(key_hash).await, app.bytes(sealed).await]);
        assert!(!app.home().holds_anywhere(b"192.0.2.7").await);
    }
    for (one, other) in kept[0].iter().zip(&kept[1]) {
        assert_ne!(one, other, "the same request, known to two deployments");
    }
}

/// S10: the key of the hashes outlives that of the keyring which sealed it first.
#[tokio::test]
async fn the_hash_key_moves_to_the_active_key_of_the_keyring() {
    let app = App::start().await;
    let first = QUEUED.to(&app, json!({})).await;
    // The sealed form names its key behind two bytes.
    let names = async |app: &App, kid: &str| {
        app.bytes("SELECT sealed_key FROM hash_key").await[2..].starts_with(kid.as_bytes())
    };
    let old = app.platform.keyring.active_id();
    let active = app.platform.keyring.rotate().unwrap();
    assert!(names(&app, &old).await && !names(&app, &active).await);
    // The end of a process does its tasks once more.
    let app = app.restart(Config::default()).await;
    assert!(names(&app, &active).await);
    let again = QUEUED.to(&app, json!({})).await;
    assert_eq!((again.text("id"), again.text("secret")), (first.text("id"), first.text("secret")));
}

/// S10: the sealed password lies in the queue only as long as somebody may need it, however the registration ends.
#[tokio::test]
async fn the_password_leaves_the_queue_with_the_end() {
    const INPUTS: &str = "SELECT count(*) FROM jobs WHERE length(input) > 0";
    let app = App::start_idle().await;
    let ada = QUEUED.to(&app, json!({})).await;
    let other = json!({ "user_name": "eve", "email": "eve@example.org", "password": PASSWORD });
    let eve = Sent { key: "k2", ..QUEUED }.to(&app, other).await;
    assert_eq!(app.count(INPUTS).await, 2);
    app.execute("UPDATE users SET email_key = 'eve@example.org'").await;
    let app = app.restart(Config::default()).await;
    for (queued, status) in [(ada, "completed"), (eve, "failed")] {
        let location = queued.headers["location"].to_str().unwrap();
        assert_eq!(outcome(&app, location, &queued.text("secret")).await.text("status"), status);
    }
    assert_eq!(app.count(INPUTS).await, 0);
}
