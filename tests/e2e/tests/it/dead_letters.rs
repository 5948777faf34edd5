//! `prosopa admin dlq`, beside a product that runs.

use std::process::Output;

use prosopa_harness::{Product, binary};
use prosopa_store::{Database, Options, affected, on_db, query};
use serde_json::{Value, json};
use tokio::process::Command;
use uuid::Uuid;

async fn ask(product: &Product, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["admin", "dlq"]).args(arguments).arg("--data-dir").arg(product.data_dir());
    command.envs(product.settings());
    command.output().await.unwrap()
}

/// K6: without dead letters the list is empty, for people and for programs, and nothing is replayed.
#[tokio::test]
async fn a_product_without_trouble_has_no_dead_letters() {
    let product = Product::start().await;
    let text = |output: Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(text(ask(&product, &["list"]).await), "there are no dead letters");
    assert_eq!(text(ask(&product, &["list", "--topic", "prosopa.auth.events.v1", "-o", "json"]).await), "[]");
    let replayed = text(ask(&product, &["replay", "--all", "--output", "json"]).await);
    assert_eq!(serde_json::from_str::<Value>(&replayed).unwrap(), json!({ "requested": 0 }));
}

/// K6: a replay of nothing in particular, and one of what there is not, are refused with the reason.
#[tokio::test]
async fn replays_name_what_there_is() {
    let product = Product::start().await;
    let unknown = Uuid::now_v7().to_string();
    for (arguments, expected) in [
        (&["replay"][..], "name --id, --subscription or --topic, or say --all"),
        (&["replay", "--id", &unknown], "there is no such dead letter"),
        (&["replay", "--id", "7"], "invalid value '7'"),
    ] {
        let refused = ask(&product, arguments).await;
        assert!(!refused.status.success());
        let message = String::from_utf8(refused.stderr).unwrap();
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

/// A database of a product that runs.
async fn database(product: &Product, service: &str) -> Database {
    let options = match product.folder().server_url(service) {
        Some(url) => Options::server(&url).unwrap(),
        None => Options::file(product.data_dir().join(format!("{service}.db"))),
    };
    Database::open_as_it_is(&options).await.unwrap()
}

/// Says, as auth, that a user is gone, in bytes that are not that message.
async fn say_what_nobody_understands(product: &Product) {
    let auth = database(product, "auth").await;
    let mut tx = auth.begin().await.unwrap();
    let sql = "INSERT INTO outbox (event_id, topic, key, type, time, traceparent, data)
         VALUES ($1, 'prosopa.auth.events.v1', 'nobody', 'dev.prosopa.user.deleted.v1', 1, NULL, $2)";
    on_db!(tx, c => query(sql).bind(Uuid::now_v7()).bind(vec![0xff_u8; 40]).execute(c).await.map(affected))
        .unwrap();
    tx.commit().await.unwrap();
    auth.close().await;
}

/// What a command says as JSON.
async fn told(product: &Product, arguments: &[&str]) -> Value {
    let output = ask(product, arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The letters of the subscription that erases what people leave behind, once they are as they should be.
async fn letters_that(product: &Product, is_expected: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    loop {
        let list = ["list", "--subscription", "deleted_accounts", "-o", "json"];
        let letters = told(product, &list).await.as_array().unwrap().clone();
        if is_expected(&letters) {
            return letters;
        }
    }
}

/// K6: what a service cannot use is listed with the reason, whatever has carried it; a replay in vain leaves it there with one
/// attempt more, and one after the fault was mended takes it away. What is said later is heard all the time.
#[tokio::test]
async fn dead_letters_are_listed_and_replayed() {
    let product = Product::start().await;
    say_what_nobody_understands(&product).await;
    let letter = letters_that(&product, |letters| !letters.is_empty()).await.remove(0);
    assert_eq!(
        (&letter["topic"], &letter["type"], &letter["attempts"], &letter["is_replay_requested"]),
        (&json!("prosopa.auth.events.v1"), &json!("dev.prosopa.user.deleted.v1"), &json!(1), &json!(false))
    );
    assert!(letter["reason"].as_str().unwrap().contains("decode"), "{letter}");
    let people = String::from_utf8(ask(&product, &["list"]).await.stdout).unwrap();
    assert!(
        people.trim_start().starts_with("SUBSCRIPTION") && people.contains("deleted_accounts"),
        "{people}"
    );
    let lines = String::from_utf8(ask(&product, &["list", "-o", "ndjson"]).await.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]), (1, &letter));

    let id = letter["event_id"].as_str().unwrap();
    assert_eq!(told(&product, &["replay", "--id", id, "-o", "json"]).await, json!({ "requested": 1 }));
    let again = letters_that(&product, |letters| letters.iter().any(|letter| letter["attempts"] == 2)).await;
    assert_eq!((&again[0]["event_id"], again.len()), (&letter["event_id"], 1));

    // A version that understands it would read this.
    let detection = database(&product, "detection").await;
    let mut tx = detection.begin().await.unwrap();
    let sql = "UPDATE event_dead_letters SET data = $1 WHERE subscription = 'deleted_accounts'";
    on_db!(tx, c => query(sql).bind(b"\x0a\x02u1\x12\x01a".to_vec()).execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    detection.close().await;
    let replay = ["replay", "--subscription", "deleted_accounts", "-o", "json"];
    assert_eq!(told(&product, &replay).await, json!({ "requested": 1 }));
    letters_that(&product, <[Value]>::is_empty).await;
    say_what_nobody_understands(&product).await;
    letters_that(&product, |letters| letters.len() == 1).await;
}
