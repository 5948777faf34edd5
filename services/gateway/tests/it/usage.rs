//! What is told of requests (S12, K7): published by the gateway, heard here as another service would hear it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use http::StatusCode;
use prosopa_contract::events::{USAGE_EVENTS, UsageRecord, UsageRecorded};
use prosopa_events::{Delivery, Handler, HandlerError, Subscription};
use prosopa_gateway::{Config, LoggedBodies, RequestLog};
use prosopa_model::{AccountId, Principal};
use prosopa_runtime::{Listening, Platform};
use prosopa_store::Tx;
use prosopa_testkit::TestHome;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::harness::{Call, Gateway, fast, user, with_key};

/// Tells the child of [`what_a_killed_gateway_answered_is_told`] where to work.
const CHILD_DIR: &str = "PROSOPA_GATEWAY_TEST_USAGE_DIR";
const CALLERS: usize = 8;
const CALLS: usize = 100_000;

/// Keeps what is told.
#[derive(Clone)]
pub(crate) struct Heard(Arc<watch::Sender<Vec<UsageRecord>>>);

#[async_trait]
impl Handler for Heard {
    async fn handle(&self, _: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        let event = event.read::<UsageRecorded>()?.expect("usage and nothing else");
        self.0.send_modify(|records| records.extend(event.records));
        Ok(())
    }
}

impl Heard {
    fn nothing() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }

    async fn listening(&self, platform: &Platform) -> Listening {
        let migrations = &[prosopa_events::MIGRATION, prosopa_events::REPLAY_MIGRATION];
        let subscription =
            Subscription { name: "usage", topics: &[USAGE_EVENTS], handler: Arc::new(self.clone()) };
        let database = platform.database("listener", migrations).await.unwrap();
        Listening { subscription, producers: &["gateway"], database }
    }

    /// Waits until what was told fits.
    async fn until(&self, fits: impl FnMut(&Vec<UsageRecord>) -> bool) -> Vec<UsageRecord> {
        let mut records = self.0.subscribe();
        let heard = tokio::time::timeout(Duration::from_secs(60), records.wait_for(fits)).await;
        heard.expect("it is told").unwrap().clone()
    }
}

async fn start(dir: &Path, config: Config) -> (Gateway, Heard) {
    let heard = Heard::nothing();
    let listener = heard.clone();
    let gateway =
        Gateway::start_heard_in(dir, config, async |platform| vec![listener.listening(platform).await]).await;
    (gateway, heard)
}

/// S12, K7: whatever became of a request whose caller is known, it is told of once, without what is secret.
#[tokio::test]
async fn every_request_of_a_known_caller_is_told() {
    let home = TestHome::new();
    let mut config = fast();
    config.plan.requests_per_day = 2;
    let (gateway, heard) = start(home.path(), config).await;
    let caller = with_key(&user());
    gateway.know("token", &caller);
    let call = Call::post("/api/v1/things?secret=query").bearer("token").body("abc").header("x-private", "p");
    let answer = gateway.send(call.header("user-agent", "camera/1.0")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    gateway
        .send(Call::post("/api/v1/answers/422").bearer("token"))
        .await
        .expect_problem(422, "image-undecodable");
    for _ in 0..2 {
        gateway.spend("token").await;
    }
    for unknown in
        [Call::post("/api/v1/things"), Call::post("/api/v1/things").bearer("guessed"), Call::get("/x")]
    {
        gateway.send(unknown).await;
    }
    let records = heard.until(|records| records.len() >= 4).await;
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.status, record.problem_code.as_str(), record.outcome.as_str()))
        .collect();
    let expected = [
        (201, "", "answered"),
        (422, "image-undecodable", "answered"),
        (201, "", "answered"),
        (429, "quota-exceeded", "answered"),
    ];
    assert_eq!(seen, expected);
    let first = &records[0];
    assert_eq!(first.request_id, answer.header("x-request-id"));
    assert_eq!(
        (&first.account_id, &first.user_id),
        (&caller.account_id.to_string(), &caller.user_id.to_string())
    );
    assert_eq!(
        (first.credential_kind.as_str(), first.operation.as_str()),
        ("api_key", "things_create_thing")
    );
    assert_eq!(
        (first.method.as_str(), first.path.as_str(), first.request_bytes),
        ("POST", "/api/v1/things", 3)
    );
    assert_eq!(first.response_bytes, answer.body.len() as u64);
    let header = first.request_headers.iter().map(|header| (header.name.as_str(), header.value.as_str()));
    assert_eq!(header.collect::<Vec<_>>(), [("user-agent", "camera/1.0")]);
    assert_eq!(first.other_request_headers, "x-private", "by name alone; the credential is gone by then");
    assert_eq!(
        (first.path_template.as_str(), first.query.as_str(), first.http_version.as_str()),
        ("/api/v1/things", "", "HTTP/1.1")
    );
    assert_eq!(first.client_network, "192.0.2.0/24");
    let answered: Vec<&str> = first.response_headers.iter().map(|header| header.name.as_str()).collect();
    for name in ["content-type", "ratelimit", "ratelimit-policy"] {
        assert!(answered.contains(&name), "{name} in {answered:?}");
    }
    let parts = first.verify_us + first.admit_us + first.upstream_us;
    assert!(parts <= first.duration_us && first.admit_us > 0, "{first:?}");
    assert_eq!((first.request_body.as_str(), first.response_body.as_str()), ("", ""), "bodies are off");
    let all = format!("{records:?}");
    for secret in ["token", "=query", "\"p\"", "Bearer"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

/// S12, K7: where bodies are switched on they are told, blanked; never of operations with secrets, never pictures, never
/// what is long, and only of accounts that are named.
#[tokio::test]
async fn bodies_are_told_where_that_is_switched_on() {
    let home = TestHome::new();
    let (watched, other) = (user(), user());
    let request_log = RequestLog {
        bodies: LoggedBodies::Json,
        bodies_per_thousand: 1_000,
        body_bytes_max: 200,
        accounts: vec![watched.account_id],
    };
    let (gateway, heard) = start(home.path(), Config { request_log, ..fast() }).await;
    gateway.know("watched", &watched);
    gateway.know("other", &other);
    let send = async |path: &str, credential: &str, kind: &str, body: String| {
        let call = Call::post(path).bearer(credential).header("content-type", kind);
        gateway.send(call.body(body)).await
    };
    let note = r#"{"name":"SECRET","id":7,"deep":[{"embedding":["SECRET"]}]}"#.to_owned();
    let long = json!({ "id": "x".repeat(200) }).to_string();
    let json = "application/json; charset=utf-8";
    let answer = send("/api/v1/notes?limit=5&q=SECRET&x=SECRET", "watched", json, note.clone()).await;
    assert_eq!(answer.json()["said"]["name"], "SECRET", "who is answered gets everything");
    let sent = [
        ("/api/v1/notes", "watched", json, "{\"SECRET".to_owned()),
        ("/api/v1/notes", "watched", json, long),
        ("/api/v1/notes", "watched", "image/png", "SECRET".to_owned()),
        ("/api/v1/notes", "other", json, note.clone()),
        ("/api/v1/secret-notes", "watched", json, note),
    ];
    for (path, credential, kind, body) in sent {
        send(path, credential, kind, body).await;
    }
    let records = heard.until(|records| records.len() >= 6).await;
    let bodies: Vec<(&str, Value)> = records
        .iter()
        .map(|record| {
            let answer = serde_json::from_str(&record.response_body).unwrap_or(Value::Null);
            (record.request_body.as_str(), answer)
        })
        .collect();
    let blanked = json!({ "name": "…", "id": 7, "deep": [{ "embedding": "…" }] });
    assert_eq!(serde_json::from_str::<Value>(bodies[0].0).unwrap(), blanked);
    assert_eq!(bodies[0].1, json!({ "said": blanked, "api_key": "…" }));
    for (index, what) in [(1, "half a body"), (3, "a picture")] {
        assert_eq!(bodies[index].0, "", "{what}");
        assert_eq!(bodies[index].1["errors"][0]["detail"], "must be a name", "{what}: the problem is told");
    }
    for (index, what) in [(2, "long"), (4, "of another account"), (5, "an operation with secrets")] {
        assert_eq!(bodies[index], ("", Value::Null), "{what}");
    }
    assert_eq!(records[0].query, "limit=5&q=…");
    assert!(!format!("{records:?}").contains("SECRET"));
}

/// Without a lot nothing is kept, and about as many as are wished are drawn.
#[tokio::test]
async fn bodies_are_sampled() {
    let home = TestHome::new();
    let request_log =
        RequestLog { bodies: LoggedBodies::Json, bodies_per_thousand: 500, ..RequestLog::default() };
    let (gateway, heard) = start(home.path(), Config { request_log, ..fast() }).await;
    gateway.know("token", &user());
    for _ in 0..100 {
        let call = Call::post("/api/v1/notes").bearer("token").header("content-type", "application/json");
        gateway.send(call.body("{}")).await;
    }
    let records = heard.until(|records| records.len() >= 100).await;
    let kept = records.iter().filter(|record| record.request_body == "{}").count();
    // Further away once in a thousand million times.
    assert!((20..=80).contains(&kept), "{kept} of 100");
}

/// K7: a client that goes away is told of as well.
#[tokio::test]
async fn a_client_that_goes_away_is_told() {
    let home = TestHome::new();
    let (gateway, heard) = start(home.path(), fast()).await;
    gateway.know("token", &user());
    let call = gateway.send(Call::post("/api/v1/wait").bearer("token"));
    tokio::select! {
        _ = call => panic!("it waits"),
        () = gateway.probe.arrived.notified() => {}
    }
    let records = heard.until(|records| !records.is_empty()).await;
    assert_eq!((records[0].outcome.as_str(), records[0].status), ("aborted", 0));
}

/// S12: what a run left behind is told by the next one, each request once, and its files are gone.
#[tokio::test]
async fn the_next_run_tells_what_the_last_one_left() {
    let home = TestHome::new();
    let (gateway, before) = start(home.path(), fast()).await;
    gateway.know("token", &user());
    for _ in 0..20 {
        assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    }
    gateway.crash().await;
    let (gateway, after) = start(home.path(), fast()).await;
    let told = before.0.borrow().len();
    let records = after.until(|records| records.len() + told >= 20).await;
    assert_eq!(records.len() + told, 20);
    gateway.know("token", &user());
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    after.until(|records| records.len() + told == 21).await;
    gateway.stop().await;
    let spools = std::fs::read_dir(home.path().join("usage")).unwrap().count();
    assert_eq!(spools, 1, "only that of the last run");
}

/// Lines of the child: `asked N` before a call, `answered N` once its answer is there.
fn note(lines: &mut BTreeMap<&'static str, BTreeSet<String>>, line: &str) {
    for word in ["asked", "answered"] {
        if let Some((_, number)) = line.split_once(&format!("{word} ")) {
            lines.entry(word).or_default().insert(number.to_owned());
        }
    }
}

/// S12, K7: kill -9 under load: what was answered is told, what is told was asked, and nothing is told twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_gateway_answered_is_told() {
    let home = TestHome::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "usage::child_that_answers", "--nocapture"])
        .env(CHILD_DIR, home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.by_ref().any(|line| line.unwrap().ends_with("ready")), "it starts");
    writeln!(stdin).unwrap();
    let mut lines = BTreeMap::new();
    while lines.get("answered").map_or(0, BTreeSet::len) < 1_000 {
        note(&mut lines, &output.next().expect("it goes on").unwrap());
    }
    child.kill().unwrap();
    output.map_while(Result::ok).for_each(|line| note(&mut lines, &line));
    child.wait().unwrap();

    let (gateway, heard) = start(home.path(), fast()).await;
    let answered = lines.remove("answered").unwrap();
    let told_of = |records: &[UsageRecord]| -> BTreeSet<String> {
        records.iter().map(|record| record.path.rsplit('/').next().unwrap().to_owned()).collect()
    };
    let records = heard.until(|records| told_of(records).is_superset(&answered)).await;
    let (told, asked) = (told_of(&records), lines.remove("asked").unwrap());
    assert!(told.is_subset(&asked), "{:?}", told.difference(&asked).collect::<Vec<_>>());
    assert_eq!(told.len(), records.len(), "nothing is told twice");
    let unknown = records.iter().filter(|record| record.outcome == "unknown").count();
    assert!(unknown <= CALLERS, "{unknown}");
    gateway.stop().await;
}

/// Not a test by itself: without the variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_answers() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let gateway = Arc::new(Gateway::start_in(Path::new(&dir), fast()).await);
    gateway.know("token", &Principal { account_id: AccountId::new(), ..user() });
    println!("\nready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let callers = (0..CALLERS).map(|caller| {
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            for number in (caller..CALLS).step_by(CALLERS) {
                println!("asked {number}");
                let path = format!("/api/v1/things/{number}");
                let status =
                    gateway.send(Call::new(http::Method::DELETE, &path).bearer("token")).await.status;
                assert!(status.is_success(), "{status}");
                println!("answered {number}");
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
