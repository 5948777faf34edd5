//! F13: the whole interface against its own document, by a public tool that makes requests up from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::json;
use tokio::process::Command;

use prosopa_harness::{Product, photo};

/// The tool asks as fast as it can, and its wrong passwords must not keep it from logging in again.
const UNHURRIED: [(&str, &str); 15] = [
    ("PROSOPA_GATEWAY__CALLER_RATE__REQUESTS_PER_SECOND", "1000000"),
    ("PROSOPA_GATEWAY__CALLER_RATE__BURST", "1000000"),
    ("PROSOPA_GATEWAY__ADDRESS_RATE__REQUESTS_PER_SECOND", "1000000"),
    ("PROSOPA_GATEWAY__ADDRESS_RATE__BURST", "1000000"),
    ("PROSOPA_GATEWAY__FAILED_AUTHENTICATION_RATE__REQUESTS_PER_SECOND", "1000000"),
    ("PROSOPA_GATEWAY__FAILED_AUTHENTICATION_RATE__BURST", "1000000"),
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "1000000"),
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_MONTH", "1000000"),
    ("PROSOPA_AUTH__FAILED_LOGIN_BURST", "100"),
    ("PROSOPA_AUTH__FAILED_LOGIN_SECONDS", "1"),
    ("PROSOPA_AUTH__FAILED_LOGIN_NETWORK_BURST", "10000"),
    ("PROSOPA_AUTH__FAILED_LOGIN_NETWORK_SECONDS", "1"),
    ("PROSOPA_AUTH__API_KEYS_PER_DAY_MAX", "10000"),
    ("PROSOPA_AUTH__API_CLIENTS_PER_DAY_MAX", "10000"),
    ("PROSOPA_AUTH__API_CLIENTS_PER_ACCOUNT_MAX", "10000"),
];

/// Not the one of the document's examples, with which the tool would change it.
const PASSWORD: &str = "seven lanterns over the harbour";

/// What the product's own counters say of a run.
struct Told {
    /// Operations of the document.
    operations: BTreeSet<String>,
    /// Requests by operation and status.
    requests: BTreeMap<(String, u16), u64>,
}

impl Told {
    async fn of(product: &Product) -> Self {
        let document = product.stranger().get("/api/openapi.json").await.json();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
        let operations = operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned());
        let metrics = String::from_utf8(product.ask_admin("/metrics").await.body).unwrap();
        let mut requests = BTreeMap::new();
        for line in metrics.lines().filter_map(|line| line.strip_prefix("prosopa_gateway_requests_total{")) {
            let (labels, count) = line.split_once("} ").unwrap();
            let label = |name: &str| {
                let value = labels.split(&format!("{name}=\"")).nth(1).unwrap();
                value.split('"').next().unwrap().to_owned()
            };
            let key = (label("operation"), label("status").parse().unwrap());
            *requests.entry(key).or_default() += count.parse::<u64>().unwrap();
        }
        Self { operations: operations.collect(), requests }
    }

    /// Operations of the document that were answered with such a status.
    fn answered(&self, is_such: impl Fn(u16) -> bool) -> BTreeSet<&str> {
        let answered = self.requests.keys().filter(|(_, status)| is_such(*status));
        answered
            .map(|(operation, _)| operation.as_str())
            .filter(|name| self.operations.contains(*name))
            .collect()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// The tool, installed once.
async fn tool() -> PathBuf {
    let script = folder().join("../../../scripts/test-python.sh");
    let output = Command::new(script).arg("conformance").output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let python = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    python.with_file_name("schemathesis")
}

/// Lets the tool loose as this user. It fails with the tool's report, which names the seed and a request to repeat; and
/// where the tool has not asked for everything, so that a run without requests is no success.
async fn conform(product: &Product, email: &str, password: &str) -> Told {
    let place = tempfile::tempdir().unwrap();
    let output = Command::new(tool().await)
        .args(["--no-color", "--config-file"])
        .arg(folder().join("schemathesis.toml"))
        .args(["run", &format!("{}/api/openapi.json", product.url())])
        .env("CONFORMANCE_EMAIL", email)
        .env("CONFORMANCE_PASSWORD", password)
        .current_dir(place.path())
        .output()
        .await
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let told = Told::of(product).await;
    let asked = told.answered(|_| true);
    let forgotten: Vec<_> = told.operations.iter().filter(|name| !asked.contains(name.as_str())).collect();
    assert!(forgotten.is_empty() && asked.len() > 50, "never asked: {forgotten:?}\n{report}");
    assert_eq!(told.answered(|status| status >= 500), BTreeSet::new(), "{report}");
    told
}

/// F13, F5: whatever a user sends, the answer is one that the document promises.
#[tokio::test]
async fn users_get_what_the_document_promises() {
    let product = Product::start_with(&UNHURRIED).await;
    let stranger = product.stranger();
    let new = json!({ "user_name": "caller", "email": "caller@example.org", "password": PASSWORD });
    assert_eq!(stranger.post("/api/v1/auth/register", &new).await.status, 201);
    let login =
        stranger.post("/api/v1/auth/login", &json!({ "user_name": "caller", "password": PASSWORD })).await;
    let found = stranger.with_token(&login.text("/access_token")).detect(photo(), "image/png").await;
    assert_eq!((found.status, found.json()["faces"].as_array().map(Vec::len)), (201, Some(1)));
    let told = conform(&product, "caller@example.org", PASSWORD).await;
    let successes = told.answered(|status| (200..400).contains(&status));
    // How many there are depends on how much the machine has to do besides; refusals alone are no run.
    assert!(successes.len() >= 15, "{successes:?}");
    let administrative = told.answered(|status| status == 403);
    assert!(administrative.contains("gateway_list_quota_plans"), "{administrative:?}");
}

/// F13, F5: and whatever an administrator sends.
#[tokio::test]
async fn administrators_get_what_the_document_promises() {
    let product = Product::start_with(&UNHURRIED).await;
    let password = std::fs::read_to_string(product.data_dir().join("administrator-password")).unwrap();
    let told = conform(&product, "administrator@localhost", password.trim()).await;
    let successes = told.answered(|status| (200..400).contains(&status));
    for operation in ["auth_list_users", "gateway_list_quota_plans", "gateway_put_quota_plan"] {
        assert!(successes.contains(operation), "{operation}: {successes:?}");
    }
}
