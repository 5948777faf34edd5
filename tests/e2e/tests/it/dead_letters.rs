//! `prosopa admin dlq`, beside a product that runs.

use std::process::Output;

use prosopa_harness::{Product, binary};
use tokio::process::Command;
use uuid::Uuid;

async fn ask(product: &Product, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["admin", "dlq"]).args(arguments).arg("--data-dir").arg(product.data_dir());
    command.envs(Product::database_url(&product.data_dir()).map(|url| ("PROSOPA_DATABASE__URL", url)));
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
    assert_eq!(text(ask(&product, &["list", "--topic", "prosopa.auth.events.v1", "--json"]).await), "[]");
    let replayed = text(ask(&product, &["replay", "--all", "--json"]).await);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&replayed).unwrap(),
        serde_json::json!({ "requested": 0 })
    );
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
