//! K5: documents that are read and checked against selfies: the page that tells how, and the command line.

use std::path::Path;
use std::process::Output;

use prosopa_harness::{Caller, Product, binary};
use prosopa_testkit::papers::{degrade::Photo, person::Date};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::papers::{passport, portrait};

const PAGE: &str = include_str!("../../../../docs/identity-checks.md");

/// Longer than these tests are likely to be run.
const VALID: Date = Date::new(2049, 6, 1);
const EXPIRED: Date = Date::new(2020, 6, 1);

/// A folder with a passport, with selfies of its holder, one of them bad, and with one of somebody else.
fn folder(passport: &Photo) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("passport.jpg", passport.jpeg.clone());
    write("selfie.png", portrait("portrait_a1.png"));
    write("blurred.png", portrait("portrait_a1_tilted.png"));
    write("another.png", portrait("portrait_b1.png"));
    folder
}

/// The commands of the page: those that set what is particular to a reader, and the others.
fn commands() -> (&'static str, String) {
    let mut blocks = PAGE.split("```").filter_map(|block| block.strip_prefix("sh\n"));
    (blocks.next().unwrap(), blocks.collect())
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// F6, K1 to K6: a new client does what the page says, and gets what it promises. Only what the page sets at its top is set
/// otherwise.
#[tokio::test]
async fn the_page_works_for_a_new_client() {
    let product = Product::start().await;
    let folder = folder(&passport(VALID));
    let (settings, rest) = commands();
    let settings = settings.replace("http://127.0.0.1:8080", product.url());
    let script = format!("set -euo pipefail\n{settings}{rest}");
    let mut bash = Command::new("bash");
    let printed = said(&bash.args(["-c", &script]).current_dir(folder.path()).output().await.unwrap());
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
    };

    let (made, later) = (read("verification.json"), read("later.json"));
    assert_eq!((&made["decision"], &made["reasons"]), (&json!("accept"), &json!([])), "{made}");
    assert_eq!((&made["document"]["type"], &made["document"]["result"]), (&json!("td3"), &json!("valid")));
    assert_eq!((&made["match"]["decision"], &made["liveness"]), (&json!("match"), &json!("not_checked")));
    assert_eq!(read("again.json"), made);
    assert_eq!((&read("job.json")["status"], &later["decision"]), (&json!("completed"), &json!("accept")));
    assert_ne!(later["id"], made["id"]);

    let list = read("verifications.json")["items"].clone();
    assert_eq!((&list[0]["id"], &list[1]["id"], &list[2]), (&later["id"], &made["id"], &Value::Null));
    assert_eq!(list[1]["document_id"], made["document"]["id"]);
    assert_eq!(list[1]["selfie_image_id"], read("selfie.json")["id"]);
    assert_eq!(read("documents.json")["items"].as_array().map(Vec::len), Some(2));

    assert_eq!(read("left.json")["items"], json!([]));
    assert!(product.blobs().names("detection").await.is_empty(), "the pictures are gone");
    let score = made["match"]["score"].as_f64().unwrap();
    let expected =
        format!("decision: accept, because of []\ndocument: td3, valid\nfaces: match, score {score}\n");
    assert!(printed.starts_with(&expected), "{printed}");
    assert!(printed.ends_with("left: []\n"), "{printed}");
}

/// Runs the command line in a folder as a user.
async fn run(user: &Caller, product: &Product, folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder);
    command.env("PROSOPA_SERVER", product.url()).env("PROSOPA_TOKEN", user.token.as_deref().unwrap());
    let output = command.output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// K5: the command reads a passport, draws what it read, and says in its exit code whether it is valid.
#[tokio::test]
async fn the_command_reads_a_passport() {
    let product = Product::start().await;
    let user = product.user().await;
    let passport = passport(VALID);
    let folder = folder(&passport);
    let run = async |arguments: &[&str]| run(&user, &product, folder.path(), arguments).await;
    let (code, output, errors) = run(&["document", "passport.jpg", "--save-annotated", "out"]).await;
    assert_eq!(code, 0, "{output}{errors}");
    let truth = &passport.truth;
    for line in truth.mrz_lines() {
        assert!(output.contains(&line.text), "{}:\n{output}", line.text);
    }
    assert!(output.contains("TD3") && output.contains(&truth.identity.number), "{output}");
    let drawn = folder.path().join("out/passport.annotated.jpg");
    assert_eq!(image::image_dimensions(drawn).unwrap(), passport.picture.dimensions());

    let (_, listed, _) = run(&["documents", "list", "-o", "ndjson"]).await;
    let listed: Value = serde_json::from_str(listed.trim()).unwrap();
    let id = listed["id"].as_str().unwrap();
    let (code, shown, _) = run(&["documents", "show", id, "-o", "json"]).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((code, &shown["result"], &shown["portrait"]["side"]), (0, &json!("valid"), &json!("front")));
    assert_eq!(run(&["documents", "delete", "--yes", id]).await.0, 0);
    assert_eq!(run(&["documents", "show", id]).await.0, 4);
}

/// K5: what is wrong with a document is told in words; a picture of nothing but a person is none.
#[tokio::test]
async fn the_command_tells_what_is_wrong_with_a_passport() {
    let product = Product::start().await;
    let user = product.user().await;
    let folder = folder(&passport(EXPIRED));
    let run = async |arguments: &[&str]| run(&user, &product, folder.path(), arguments).await;
    let (code, output, errors) = run(&["document", "passport.jpg"]).await;
    assert_eq!(code, 8, "{output}{errors}");
    assert!(output.contains("invalid") && output.contains("it has expired"), "{output}");
    let (code, output, errors) = run(&["document", "another.png"]).await;
    assert_eq!(code, 4, "{output}");
    assert!(errors.contains("no-document"), "{errors}");
}

/// K4, K5: the command accepts the holder, rejects somebody else, and leaves a bad picture to people.
#[tokio::test]
async fn the_command_tells_the_holder_from_another() {
    let product = Product::start().await;
    let user = product.user().await;
    let folder = folder(&passport(VALID));
    let run = async |arguments: &[&str]| run(&user, &product, folder.path(), arguments).await;
    let (code, output, errors) = run(&["verify", "passport.jpg", "selfie.png"]).await;
    assert_eq!(code, 0, "{output}{errors}");
    assert!(output.contains("accept") && output.contains("ver_"), "{output}");
    let (_, made, _) = run(&["documents", "list", "-o", "ndjson"]).await;
    let made: Value = serde_json::from_str(made.trim()).unwrap();
    let (code, output, errors) = run(&["verify", made["id"].as_str().unwrap(), "another.png"]).await;
    assert_eq!(code, 8, "{output}{errors}");
    assert!(output.contains("reject") && output.contains("somebody else"), "{output}");
    let (code, output, errors) = run(&["verify", made["id"].as_str().unwrap(), "blurred.png"]).await;
    assert_eq!(code, 9, "{output}{errors}");
    assert!(output.contains("review") && output.contains("blurred"), "{output}");
    let (_, listed, _) = run(&["verifications", "list", "-o", "ndjson"]).await;
    assert_eq!(listed.lines().count(), 3);
}
