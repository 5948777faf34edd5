//! Records that nobody can use.

use prosopa_harness::Suite;
use serde_json::Value;
use uuid::Uuid;

use super::{
    load::Load,
    tally::{POISON_KEY, settle},
};

/// What is heard, by topic and kind, and by whom.
const HEARD: [(&str, &str, &str); 2] = [
    ("prosopa.jobs.events.v1", "dev.prosopa.job.changed.v1", "detection"),
    ("prosopa.auth.events.v1", "dev.prosopa.user.deleted.v1", "auth"),
];

/// Keys, so that each of the two partitions is likely to have some.
const KEYS: usize = 6;

/// The list of dead letters of a topic.
async fn letters(suite: &Suite, topic: &str) -> Vec<Value> {
    let listed = suite.administer(&["dlq", "list", "--topic", topic, "-o", "json"]).await;
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    serde_json::from_slice(&listed.stdout).unwrap()
}

/// Rows of letters by the attempts that they have had.
fn attempts(letters: &[Value]) -> Vec<u64> {
    let events = letters.iter().filter(|letter| letter["event_id"].is_string() && letter["type"].is_string());
    events.map(|letter| letter["attempts"].as_u64().unwrap()).collect()
}

/// K6: records that are no events, and events that cannot be used, are put aside on every topic that somebody hears; what follows
/// goes on, and a replay tries each again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_poison_record_stops_no_topic() {
    let suite = Suite::start(&[]).await;
    let load = Load::start(&suite, 3, rand::random());
    load.until_answered(5).await;
    for (topic, kind, producer) in HEARD {
        for number in 0..KEYS {
            let key = format!("{POISON_KEY}-{number}");
            suite.topics().put(topic, &key, &[], b"no event").await;
            let (id, source) = (Uuid::now_v7().to_string(), format!("prosopa/{producer}"));
            let headers = [
                ("ce_specversion", "1.0"),
                ("ce_id", id.as_str()),
                ("ce_source", source.as_str()),
                ("ce_type", kind),
                ("ce_time", "2026-01-31T12:00:00Z"),
                ("ce_sequence", "1"),
            ];
            suite.topics().put(topic, &key, &headers, b"\xff\xff no message").await;
        }
    }
    load.until_answered(20).await;
    for (topic, ..) in HEARD {
        suite
            .until("records are put aside", async || {
                let letters = letters(&suite, topic).await;
                let unreadable = letters.iter().filter(|letter| letter["event_id"].is_null()).count();
                let tried = attempts(&letters);
                if (unreadable, tried.as_slice()) == (KEYS, &[1; KEYS]) {
                    return Ok(());
                }
                Err(format!("{topic}: {unreadable} are unreadable, attempts {tried:?}"))
            })
            .await;
        let asked = suite.administer(&["dlq", "replay", "--topic", topic, "-o", "json"]).await;
        assert_eq!(serde_json::from_slice::<Value>(&asked.stdout).unwrap()["requested"], KEYS);
        suite
            .until("each is tried again", async || {
                let tried = attempts(&letters(&suite, topic).await);
                if tried == [2; KEYS] { Ok(()) } else { Err(format!("{topic}: attempts {tried:?}")) }
            })
            .await;
    }
    settle("poison records", &suite, load).await;
}
