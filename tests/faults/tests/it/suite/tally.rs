//! What a fault left: whether what was promised is there once, and nothing else.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::Arc,
};

use prosopa_harness::{Caller, SeenRecord, Suite, photo};
use reqwest::Method;
use serde_json::Value;

use super::load::{Asker, Book, DETECTIONS, Load, Seen};

/// Which service says what is on which topic.
const OUTBOXES: [(&str, &[&str]); 3] = [
    ("auth", &["prosopa.auth.events.v1"]),
    ("detection", &["prosopa.detection.events.v1", "prosopa.jobs.events.v1"]),
    ("gateway", &["prosopa.gateway.usage.v1"]),
];

/// Who hears what on which topic.
const INBOXES: [(&str, &str, &str); 2] = [
    ("notifications", "jobs-projection", "prosopa.jobs.events.v1"),
    ("detection", "deleted_accounts", "prosopa.auth.events.v1"),
];

/// What keys of records begin with that are no part of the product.
pub(crate) const POISON_KEY: &str = "poison";

/// Characters of the id of a request.
const REQUEST_ID_LEN: usize = 30;

/// The sum of a fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Requests, however often.
    sent: usize,
    /// Detections and jobs that were promised.
    answered: usize,
    /// Those of which nobody knows, since they were given up.
    open: usize,
    /// Detections that are listed, and those of accounts that are gone.
    stored: usize,
    /// Detections that other services were told of.
    published: usize,
    /// Those that were billed.
    billed: usize,
    /// Events of jobs that had their effect.
    consumed: usize,
    failures: BTreeMap<String, usize>,
}

impl Tally {
    /// Attempts that were not answered.
    pub(crate) fn failures(&self) -> usize {
        self.failures.values().sum()
    }

    /// Whether there were some, all with this status and code.
    pub(crate) fn failed_only_with(&self, refusal: &str) -> bool {
        !self.failures.is_empty() && self.failures.keys().all(|failure| failure == refusal)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, answered, open, stored, published, billed, consumed, failures } = self;
        write!(
            formatter,
            "sent {sent}, answered {answered} ({open} given up), stored {stored}, published {published}, billed {billed}, events of jobs consumed {consumed}; \
             not answered at once: {failures:?}"
        )
    }
}

/// Ends the load, waits until everything is at rest, and counts. What must agree is asserted.
pub(crate) async fn settle(fault: &str, suite: &Suite, load: Load) -> Tally {
    let (books, seen) = load.end().await;
    suite.until_ready().await;
    let asker = Asker { seen: Arc::clone(&seen) };
    let (mut answered, mut stored) = (0, 0);
    for book in &books {
        let user = asker.log_in(&suite.stranger(), &book.user_name).await;
        stored += check_stored(suite, &asker, &user, book).await;
        check_quota(suite, &asker, &user, book).await;
        answered += book.detections.len() + book.jobs.len() + book.erased.len();
    }
    let erased: HashSet<_> = books.iter().flat_map(|book| book.erased.iter().cloned()).collect();
    suite
        .until("pictures of deleted accounts are gone", async || {
            let kept: HashSet<_> = suite.blobs().names("detection").await.into_iter().collect();
            let left: Vec<_> = erased.intersection(&kept).collect();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?} are kept")) }
        })
        .await;
    check_usage(suite, &seen).await;
    let topics = check_published(suite).await;
    let consumed = check_consumed(suite, &topics).await;
    let told = unique(&topics["prosopa.detection.events.v1"]);
    let count = |kind: &str| told.iter().filter(|record| record.kind().contains(kind)).count();
    let (published, billed) = (count("detection.created"), count("operation.billed"));
    let (sent, failures) = (seen.sent(), seen.failures());
    let (stored, open) = (stored + erased.len(), books.iter().map(|book| book.open).sum());
    let tally = Tally { sent, answered, open, stored, published, billed, consumed, failures };
    println!("{fault}: {tally}");
    assert!((answered..=answered + open).contains(&stored), "{tally}");
    assert!((stored..=answered + open).contains(&published), "{tally}");
    assert_eq!(billed, published, "{tally}");
    tally
}

/// Every detection that was answered is listed once, every job is done once and listed once; how many detections there are.
async fn check_stored(suite: &Suite, asker: &Asker, user: &Caller, book: &Book) -> usize {
    let mut wanted = book.detections.clone();
    for address in &book.jobs {
        suite
            .until("a job ends", async || {
                let job = get(asker, user, address).await;
                if job["status"] == "completed" { Ok(()) } else { Err(job.to_string()) }
            })
            .await;
        let result = get(asker, user, address).await["result_href"].as_str().unwrap().to_owned();
        wanted.push(result.rsplit('/').next().unwrap().to_owned());
    }
    let items = list(asker, user, &format!("{DETECTIONS}?limit=20")).await;
    for item in &items {
        let path = format!("/api/v1/images/{}/content", item["image"]["id"].as_str().unwrap());
        let picture = asker.ask(user, || user.request(Method::GET, &path)).await;
        assert!(picture.body == photo(), "{path}: {}", picture.status);
    }
    let mut listed = ids_of(&items);
    listed.sort_unstable();
    wanted.sort_unstable();
    assert!(listed.is_sorted_by(|one, next| one != next), "something is listed twice: {listed:?}");
    assert!(wanted.iter().all(|id| listed.contains(id)), "{wanted:?} were promised, and listed {listed:?}");
    assert!(
        listed.len() <= wanted.len() + book.open,
        "{} were promised, and listed {listed:?}",
        wanted.len()
    );
    let jobs: Vec<_> = book.jobs.iter().map(|job| job.rsplit('/').next().unwrap().to_owned()).collect();
    suite
        .until("all jobs are listed as done", async || {
            let done = ids_of(&list(asker, user, "/api/v1/jobs?status=completed&limit=20").await);
            let is_each_there_once = jobs.iter().all(|job| done.iter().filter(|id| *id == job).count() == 1);
            let others_max = book.jobs_done + book.open;
            let is_complete = is_each_there_once && done.len() <= jobs.len() + others_max;
            if is_complete { Ok(()) } else { Err(format!("{} of {}", done.len(), jobs.len())) }
        })
        .await;
    listed.len()
}

/// What was answered was charged; a try whose answer was lost may have been charged too.
async fn check_quota(suite: &Suite, asker: &Asker, user: &Caller, book: &Book) {
    let answered = book.detections.len() + book.jobs.len();
    let tried_in_vain: usize = asker.seen.failures().values().sum();
    suite
        .until("the quota is settled", async || {
            let quota = get(asker, user, "/api/v1/quota").await;
            // Of the month: an hour may end a day.
            let used = usize::try_from(quota["limits"][1]["used"].as_u64().unwrap()).unwrap();
            let is_exact = (answered..=answered + tried_in_vain).contains(&used);
            if is_exact { Ok(()) } else { Err(format!("{used} are charged, {answered} were answered")) }
        })
        .await;
}

/// What was answered to a known caller is in the usage, and each request once.
async fn check_usage(suite: &Suite, seen: &Seen) {
    let answered = seen.answered();
    suite
        .until("usage is published", async || {
            let mut told = HashSet::new();
            for record in unique(&suite.topics().read("prosopa.gateway.usage.v1").await) {
                for id in request_ids(&record.value) {
                    assert!(told.insert(id.clone()), "{id} is told twice");
                }
            }
            assert!(told.len() <= seen.sent(), "{} are told, {} were sent", told.len(), seen.sent());
            let missing = answered.difference(&told).count();
            if missing == 0 { Ok(()) } else { Err(format!("{missing} of {} are missing", answered.len())) }
        })
        .await;
}

/// Outboxes are drained: what lies in them is on the topics, and nothing else; what is there.
async fn check_published(suite: &Suite) -> BTreeMap<&'static str, Vec<SeenRecord>> {
    suite
        .until("outboxes are drained", async || {
            let to_carry = suite.count("prosopa_events_relay_lag").await;
            let to_hear = suite.count("prosopa_events_lag").await;
            if to_carry + to_hear == 0 {
                return Ok(());
            }
            Err(format!("{to_carry} wait for a relay, {to_hear} for a listener"))
        })
        .await;
    let mut topics = BTreeMap::new();
    for (service, names) in OUTBOXES {
        for name in names {
            let statement = format!("SELECT event_id FROM outbox WHERE topic = '{name}'");
            suite
                .until("what was said is on its topic, and nothing else", async || {
                    let said = suite.rows(service, &statement).await.into_iter().collect::<HashSet<_>>();
                    let records = suite.topics().read(name).await;
                    let told: HashSet<_> =
                        unique(&records).iter().map(|record| record.event_id().to_owned()).collect();
                    if said == told {
                        return Ok(());
                    }
                    Err(format!("{name}: {} were said, {} are told", said.len(), told.len()))
                })
                .await;
            topics.insert(*name, suite.topics().read(name).await);
        }
    }
    topics
}

/// Each event had its effect once; how many events of jobs had one.
async fn check_consumed(suite: &Suite, topics: &BTreeMap<&'static str, Vec<SeenRecord>>) -> usize {
    let mut consumed = 0;
    for (service, subscription, topic) in INBOXES {
        let statement = format!("SELECT event_id FROM inbox WHERE subscription = '{subscription}'");
        let events = unique(&topics[topic]);
        let wanted: HashSet<_> = events.iter().map(|record| record.event_id()).collect();
        suite
            .until("events have their effects", async || {
                let had: HashSet<_> = suite.rows(service, &statement).await.into_iter().collect();
                let missing = wanted.iter().filter(|id| !had.contains(**id)).count();
                if missing == 0 { Ok(()) } else { Err(format!("{subscription} lacks {missing}")) }
            })
            .await;
        if topic == "prosopa.jobs.events.v1" {
            consumed = wanted.len();
        }
    }
    consumed
}

/// One record of each event: a relay that was killed may have carried one twice.
fn unique(records: &[SeenRecord]) -> Vec<&SeenRecord> {
    let mut known = HashSet::new();
    let is_of_product =
        |record: &SeenRecord| record.key.as_ref().is_some_and(|key| !key.starts_with(POISON_KEY.as_bytes()));
    let records = records.iter();
    records.filter(|record| is_of_product(record) && known.insert(record.event_id())).collect()
}

/// The ids of requests that a message tells of; each is there once more, as a header of the answer.
fn request_ids(message: &[u8]) -> Vec<String> {
    let starts = message.windows(4).enumerate().filter(|(_, window)| *window == b"req_").map(|(at, _)| at);
    let starts = starts.filter(|at| !message[..*at].ends_with(b"x-request-id\x12\x1e"));
    let ids = starts.filter_map(|at| message.get(at..at + REQUEST_ID_LEN));
    ids.map(|id| String::from_utf8_lossy(id).into_owned()).collect()
}

async fn get(asker: &Asker, user: &Caller, path: &str) -> Value {
    let answer = asker.ask(user, || user.request(Method::GET, path)).await;
    assert_eq!(answer.status, 200, "{path}: {:?}", answer.json());
    answer.json()
}

/// All items of a list, which are in the order of their times.
async fn list(asker: &Asker, user: &Caller, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(asker, user, &format!("{path}{cursor}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let times: Vec<_> = items.iter().map(|item| item["created_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{path}: {times:?}");
    items
}

fn ids_of(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
