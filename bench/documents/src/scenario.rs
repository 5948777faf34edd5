//! What is measured, in order: passports, cards and matches, each by 1 and by 8 callers.

use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use prosopa_harness::{Answer, Caller, Product, photo};
use prosopa_testkit::papers::person::Kind;

use crate::{load, photos};

/// Requests behind a row.
const DOCUMENTS: usize = 48;
const MATCHES: usize = 200;
/// Documents that are sent in turn.
const DOCUMENTS_DIFFERENT: u64 = 8;
const CALLERS: [usize; 2] = [1, 8];

/// Limits out of the way: what is measured is the work, not the refusal.
const SETTINGS: &[(&str, &str)] = &[
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "10000000"),
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_MONTH", "10000000"),
    ("PROSOPA_GATEWAY__CALLER_RATE__REQUESTS_PER_SECOND", "100000"),
    ("PROSOPA_GATEWAY__CALLER_RATE__BURST", "100000"),
];

/// Measures and prints the table.
pub(crate) async fn run() {
    let product = Product::start_with(SETTINGS).await;
    let user = product.user().await;
    println!("| what | callers | each second | p50 | p99 |\n|---|---|---|---|---|");
    for (what, kind) in [("passports", Kind::Td3), ("cards, the side with the zone", Kind::Td1)] {
        let photos = photos::documents(kind, DOCUMENTS_DIFFERENT);
        let ask = async |index: usize| send_document(&user, &photos[index % photos.len()]).await;
        // The networks for text are loaded for the first.
        ask(0).await;
        for callers in CALLERS {
            load::run(callers, DOCUMENTS, ask).await.print(what, callers);
        }
    }
    let image = keep(&user).await;
    let body = json!({ "image_a": image, "image_b": image });
    let ask = async |_: usize| user.post("/api/v1/faces/matches", &body).await;
    ask(0).await;
    for callers in CALLERS {
        load::run(callers, MATCHES, ask).await.print("matches of two kept pictures", callers);
    }
    assert!(product.stop().await.0.success());
}

async fn send_document(user: &Caller, jpeg: &[u8]) -> Answer {
    let form = Form::new().part("front", jpeg_part(jpeg.to_vec()));
    user.send(user.request(Method::POST, "/api/v1/documents").multipart(form)).await
}

/// Keeps a photograph with one face; its id.
async fn keep(user: &Caller) -> String {
    let part = Part::bytes(photo()).file_name("face").mime_str("image/png").unwrap();
    let request = user.request(Method::POST, "/api/v1/images").multipart(Form::new().part("image", part));
    let answer = user.send(request).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.text("/id")
}

fn jpeg_part(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name("document").mime_str("image/jpeg").unwrap()
}
