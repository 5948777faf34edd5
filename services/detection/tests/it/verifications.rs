//! Verifications: a document and a selfie in one call, one decision with its reasons, and nothing about liveness.

use serde_json::{Value, json};

use prosopa_model::AccountId;

use crate::{
    papers::{PASSPORT, keep, post, post_form, problem, start},
    support::Detection,
};

const PATH: &str = "/api/v1/verifications";

async fn verify(detection: &Detection, account: AccountId, document: &str, selfie: &str) -> Value {
    let fields = [("document", true, document), ("selfie", true, selfie)];
    let received = post_form(detection, account, PATH, &fields).await;
    assert_eq!(received.status, 201, "{}", received.json());
    received.json()
}

/// K4, K5: the person of a valid document is accepted, with every part shown, and the same again when it is asked for.
#[tokio::test]
async fn the_person_of_a_valid_document_is_accepted() {
    let detection = start().await;
    let account = AccountId::new();
    let document = keep(&detection, account, "passport", PASSPORT).await;
    let selfie = keep(&detection, account, "face", "face 0.3").await;
    let body = json!({ "document": document, "selfie": selfie });
    let made = post(&detection, account, PATH, &[], &body).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let check = made.json();
    assert_eq!((&check["decision"], &check["reasons"]), (&json!("accept"), &json!([])), "{check}");
    assert_eq!((&check["match"]["decision"], &check["match"]["max_fmr"]), (&json!("match"), &json!(0.02)));
    assert_eq!((&check["document"]["result"], &check["document"]["type"]), (&json!("valid"), &json!("td3")));
    assert_eq!(check["quality"]["selfie"]["id"], selfie);
    assert_eq!(check["liveness"], "not_checked");
    assert!(!String::from_utf8_lossy(&made.body).contains("embedding"));
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(detection.get(account, location).await.json(), check);
    // The document is one of its own.
    let path = format!("/api/v1/documents/{}", check["document"]["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &path).await.json(), check["document"]);
}

/// K4, K5: what fails is rejected, what cannot be told is for somebody to look at.
#[tokio::test]
async fn decisions_have_their_reasons() {
    let detection = start().await;
    let account = AccountId::new();
    for (document, selfie, decision, reasons) in [
        (PASSPORT, "face 1.5", "reject", json!(["faces_do_not_match"])),
        (PASSPORT, "face 0.7", "review", json!(["faces_inconclusive"])),
        (PASSPORT, "face 0.0 dim", "review", json!(["selfie_blurred", "selfie_badly_lit"])),
        ("zone wrong\nface 0.0", "face 0.0", "reject", json!(["document_invalid"])),
        ("zone repaired\nface 0.0", "face 0.0", "review", json!(["document_inconclusive"])),
    ] {
        let check = verify(&detection, account, document, selfie).await;
        assert_eq!(
            (&check["decision"], &check["reasons"]),
            (&json!(decision), &reasons),
            "{document} {selfie}"
        );
    }
}

/// K5: a document that was read before is not read again, nor paid for again.
#[tokio::test]
async fn a_document_that_was_read_is_checked_by_its_id() {
    let detection = start().await;
    let account = AccountId::new();
    let front = keep(&detection, account, "passport", PASSPORT).await;
    let read = post(&detection, account, "/api/v1/documents", &[], &json!({ "front": front })).await.json();
    let selfie = keep(&detection, account, "face", "face 0.1").await;
    let body = json!({ "document": read["id"], "selfie": selfie });
    let check = post(&detection, account, PATH, &[], &body).await.json();
    assert_eq!((&check["decision"], &check["document"]), (&json!("accept"), &read), "{check}");
    let documents = detection.get(account, "/api/v1/documents").await.json();
    assert_eq!(documents["items"].as_array().unwrap().len(), 1);
    let sides = json!({ "document": read["id"], "document_back": front, "selfie": selfie });
    let refused = (422, "validation-failed".to_owned(), "/document_back".to_owned());
    assert_eq!(problem(&detection, account, PATH, &sides).await, refused);
}

/// K4, K5: each fault of a request has its code, and names the picture.
#[tokio::test]
async fn what_cannot_be_checked_is_refused_with_its_reason() {
    let detection = start().await;
    let (account, other) = (AccountId::new(), AccountId::new());
    let passport = keep(&detection, account, "passport", PASSPORT).await;
    let faceless = keep(&detection, account, "passport", "zone").await;
    let cat = keep(&detection, account, "other", "meow").await;
    let two = keep(&detection, account, "face", "face 0.0\nface 0.5").await;
    let selfie = keep(&detection, account, "face", "face 0.0").await;
    let foreign = keep(&detection, other, "face", "face 0.0").await;
    let refused = |status, code: &str, pointer: &str| (status, code.to_owned(), pointer.to_owned());
    for (body, expected) in [
        (json!({ "document": passport, "selfie": cat }), refused(422, "no-face", "/selfie")),
        (json!({ "document": passport, "selfie": two }), refused(422, "several-faces", "/selfie")),
        (json!({ "document": faceless, "selfie": selfie }), refused(422, "no-face", "/document")),
        (json!({ "document": cat, "selfie": selfie }), refused(422, "no-document", "/document")),
        (json!({ "document": passport, "selfie": foreign }), refused(404, "not-found", "/selfie")),
        (
            json!({ "document": "doc_01h455vb4pex5vsknk084sn02q", "selfie": selfie }),
            refused(404, "not-found", "/document"),
        ),
        (
            json!({ "document": passport, "selfie": selfie, "max_fmr": 0.001 }),
            refused(422, "validation-failed", "/max_fmr"),
        ),
        (json!({ "document": passport }), refused(422, "validation-failed", "")),
    ] {
        assert_eq!(problem(&detection, account, PATH, &body).await, expected, "{body}");
    }
    assert_eq!(detection.get(account, "/api/v1/documents").await.json()["items"], json!([]));
}

/// K6: who does not wait gets a job, whose result is the verification.
#[tokio::test]
async fn a_job_verifies_once() {
    let detection = start().await;
    let account = AccountId::new();
    let document = keep(&detection, account, "passport", PASSPORT).await;
    let selfie = keep(&detection, account, "face", "face 0.0").await;
    let headers = [("prefer", "respond-async"), ("idempotency-key", "once")];
    let body = json!({ "document": document, "selfie": selfie });
    let first = post(&detection, account, PATH, &headers, &body).await;
    assert_eq!(first.status, 202);
    let job = first.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(detection.work().await, 1);
    let done = detection.get(account, &job).await.json();
    let href = done["result_href"].as_str().unwrap_or_else(|| panic!("{done}"));
    let check = detection.get(account, href).await.json();
    assert_eq!(check["decision"], "accept");
    let replayed = post(&detection, account, PATH, &headers, &body).await;
    assert_eq!((replayed.status.as_u16(), &replayed.json()), (201, &check));
    let list = detection.get(account, PATH).await.json();
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["id"]), (1, &check["id"]));
}

/// K5: a verification goes by itself, with its document, with its selfie, and with its persons.
#[tokio::test]
async fn verifications_go_with_what_they_stand_on() {
    let detection = start().await;
    let (account, other) = (AccountId::new(), AccountId::new());
    let paths = async || {
        let check = verify(&detection, account, PASSPORT, "face 0.0").await;
        let of = |kind: &str, id: &Value| format!("/api/v1/{kind}/{}", id.as_str().unwrap());
        (
            of("verifications", &check["id"]),
            of("documents", &check["document"]["id"]),
            of("images", &check["quality"]["selfie"]["id"]),
        )
    };
    let (check, document, _) = paths().await;
    assert_eq!(detection.get(other, &check).await.status, 404);
    assert_eq!(detection.delete(account, &check).await.status, 204);
    assert_eq!(detection.get(account, &check).await.status, 404);
    assert_eq!(detection.get(account, &document).await.status, 200);

    let (check, document, _) = paths().await;
    assert_eq!(detection.delete(account, &document).await.status, 204);
    assert_eq!(detection.get(account, &check).await.status, 404);

    let (check, document, selfie) = paths().await;
    assert_eq!(detection.delete(account, &selfie).await.status, 204);
    assert_eq!(detection.get(account, &check).await.status, 404);
    assert_eq!(detection.get(account, &document).await.status, 200);
}

/// K8: a verification is one charge, whatever was read for it; a reading alone is one for its sides.
#[tokio::test]
async fn a_verification_is_billed_once() {
    let detection = start().await;
    let account = AccountId::new();
    let check = verify(&detection, account, PASSPORT, "face 0.0").await;
    let charges = detection.charges().await;
    let [charge] = charges.as_slice() else { panic!("{charges:?}") };
    assert_eq!((charge.operation.as_str(), charge.units), ("identity.verification", 1));
    assert_eq!((charge.resource_id.as_str(), charge.cpu_us), (check["id"].as_str().unwrap(), 4_500));

    let fields = [("front", true, "face 0.0\nSurname\nEriksson"), ("back", true, "zone")];
    let read = post_form(&detection, account, "/api/v1/documents", &fields).await.json();
    let charges = detection.charges().await;
    let charge = charges.last().unwrap();
    assert_eq!((charge.operation.as_str(), charge.units, charge.cpu_us), ("documents.reading", 2, 8_000));
    assert_eq!((charge.resource_id.as_str(), charges.len()), (read["id"].as_str().unwrap(), 2));
}
