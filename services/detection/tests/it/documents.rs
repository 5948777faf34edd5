//! Documents that are read: what they say, whether it is in order, which picture is at fault, who may see it, what is paid.

use http::Request;
use serde_json::{Value, json};

use prosopa_model::AccountId;

use crate::{
    papers::{PASSPORT, keep, post, post_form, problem, start},
    support::Detection,
};

const PATH: &str = "/api/v1/documents";

async fn read(detection: &Detection, account: AccountId, text: &str) -> Value {
    let front = keep(detection, account, "passport", text).await;
    let received = post(detection, account, PATH, &[], &json!({ "front": front })).await;
    assert_eq!(received.status, 201, "{}", received.json());
    received.json()
}

fn field<'a>(document: &'a Value, name: &str) -> &'a Value {
    let fields = document["fields"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == name).unwrap_or(&Value::Null)
}

/// K5: both zones of a passport, what they say together, and the same again when it is asked for.
#[tokio::test]
async fn a_passport_is_told_by_both_of_its_zones() {
    let detection = start().await;
    let account = AccountId::new();
    let front = keep(&detection, account, "passport", PASSPORT).await;
    let made = post(&detection, account, PATH, &[], &json!({ "front": front })).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let document = made.json();
    assert_eq!((&document["type"], &document["result"]), (&json!("td3"), &json!("valid")), "{document}");
    assert_eq!(document["reasons"], json!([]));
    let surname = field(&document, "surname");
    assert_eq!((&surname["value"], &surname["comparison"]), (&json!("ERIKSSON"), &json!("agree")));
    assert_eq!(
        (&surname["mrz"]["check"], &surname["printed"]["text"]),
        (&json!("right"), &json!("Eriksson"))
    );
    assert_eq!(surname["printed"]["box"]["x"], 300.0);
    let birth = field(&document, "birth_date");
    assert_eq!((&birth["value"], &birth["comparison"]), (&json!("1974-08-12"), &json!("agree")));
    // Nobody printed the number.
    assert_eq!(field(&document, "document_number")["comparison"], "single");
    assert_eq!(document["mrz"]["lines"][0], "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<");
    assert_eq!(
        (&document["portrait"]["side"], &document["sides"][0]["image_id"]),
        (&json!("front"), &json!(front))
    );
    assert!(!String::from_utf8_lossy(&made.body).contains("embedding"));
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("{PATH}/{}", document["id"].as_str().unwrap()));
    assert_eq!(detection.get(account, location).await.json(), document);
    let list = detection.get(account, PATH).await.json();
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["sides"]), (&document["id"], &json!(1)));
}

/// K5: what is wrong is said; what cannot be told is a doubt and no verdict.
#[tokio::test]
async fn faults_and_doubts_are_told_apart() {
    let detection = start().await;
    let account = AccountId::new();
    for (text, result, reasons) in [
        ("zone wrong", "invalid", json!(["check_digit_wrong"])),
        ("zone expired", "invalid", json!(["document_expired"])),
        ("zone specimen", "invalid", json!(["specimen"])),
        ("zone repaired", "inconclusive", json!(["mrz_repaired"])),
        ("zone\nSurname\nLindqvist", "inconclusive", json!(["sources_differ"])),
        ("zone wrong\nSex\nM", "invalid", json!(["check_digit_wrong", "sources_differ"])),
        ("Surname\nLindqvist\nDate of birth\n01.02.1990", "inconclusive", json!(["no_mrz"])),
    ] {
        let document = read(&detection, account, text).await;
        assert_eq!((&document["result"], &document["reasons"]), (&json!(result), &reasons), "{text}");
    }
}

/// K5: a document without a machine readable zone is told by its labels.
#[tokio::test]
async fn labels_tell_what_no_zone_does() {
    let detection = start().await;
    let text = "Surname / Nazwisko\nŁęcka-Ørsted\nDate of birth\n01.02.1990\nSex: K";
    let document = read(&detection, AccountId::new(), text).await;
    assert_eq!(document["type"], "other");
    let values = ["surname", "birth_date", "sex"].map(|name| field(&document, name)["value"].clone());
    assert_eq!(values, [json!("LECKA ORSTED"), json!("1990-02-01"), json!("F")]);
    assert_eq!(document["mrz"], Value::Null);
}

/// K5: a card's sides are one document, in whatever order its zone and its portrait lie on them.
#[tokio::test]
async fn both_sides_of_a_card_are_one_document() {
    let detection = start().await;
    let account = AccountId::new();
    let fields = [("front", true, "face 0.0\nSurname\nEriksson"), ("back", true, "zone")];
    let made = post_form(&detection, account, PATH, &fields).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let document = made.json();
    assert_eq!(document["sides"].as_array().unwrap().len(), 2);
    assert_eq!((&document["mrz"]["side"], &document["portrait"]["side"]), (&json!("back"), &json!("front")));
    let surname = field(&document, "surname");
    assert_eq!((&surname["mrz"]["side"], &surname["printed"]["side"]), (&json!("back"), &json!("front")));
    assert_eq!(surname["comparison"], "agree");
}

/// K5: each fault of a request has its code, and names the picture.
#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_reason() {
    let detection = start().await;
    let (account, other) = (AccountId::new(), AccountId::new());
    let passport = keep(&detection, account, "passport", PASSPORT).await;
    let cat = keep(&detection, account, "other", "meow").await;
    let two = keep(&detection, account, "other", "zone\nzone").await;
    let another = keep(&detection, account, "id_back", "zone another").await;
    let foreign = keep(&detection, other, "passport", PASSPORT).await;
    let refused = |status, code: &str, pointer: &str| (status, code.to_owned(), pointer.to_owned());
    for (body, expected) in [
        (json!({ "front": cat }), refused(422, "no-document", "/front")),
        (json!({ "front": two }), refused(422, "several-documents", "/front")),
        (json!({ "front": passport, "back": two }), refused(422, "several-documents", "/back")),
        (json!({ "front": passport, "back": another }), refused(422, "several-documents", "/back")),
        (json!({ "front": passport, "back": passport }), refused(422, "validation-failed", "/back")),
        (json!({ "front": foreign }), refused(404, "not-found", "/front")),
        (json!({ "front": "nonsense" }), refused(404, "not-found", "/front")),
        (
            json!({ "front": passport, "back": "img_01h455vb4pex5vsknk084sn02q" }),
            refused(404, "not-found", "/back"),
        ),
        (json!({}), refused(422, "validation-failed", "")),
        (json!({ "front": passport, "middle": passport }), refused(422, "validation-failed", "/middle")),
    ] {
        assert_eq!(problem(&detection, account, PATH, &body).await, expected, "{body}");
    }
    for (fields, pointer) in [
        (vec![("back", true, PASSPORT)], "/front"),
        (vec![("front", true, PASSPORT), ("front", true, PASSPORT)], "/front"),
        (vec![("front", true, PASSPORT), ("middle", true, PASSPORT)], "/middle"),
    ] {
        let received = post_form(&detection, account, PATH, &fields).await;
        assert_eq!(
            (received.status.as_u16(), &received.json()["errors"][0]["pointer"]),
            (422, &json!(pointer))
        );
    }
}

/// K3: pictures that came with a request of which nothing came do not stay.
#[tokio::test]
async fn pictures_of_a_refused_request_do_not_stay() {
    let detection = start().await;
    let account = AccountId::new();
    let fields = [("front", true, "zone"), ("back", true, "zone another")];
    let received = post_form(&detection, account, PATH, &fields).await;
    assert_eq!(received.json()["code"], "several-documents");
    assert_eq!(detection.get(account, "/api/v1/images").await.json()["items"], json!([]));
}

/// K6: who does not wait gets a job, whose result is the document; a key makes one document of two requests.
#[tokio::test]
async fn a_job_reads_a_document_once() {
    let detection = start().await;
    let account = AccountId::new();
    let front = keep(&detection, account, "passport", PASSPORT).await;
    let headers = [("prefer", "respond-async"), ("idempotency-key", "once")];
    let body = json!({ "front": front });
    let first = post(&detection, account, PATH, &headers, &body).await;
    assert_eq!(first.status, 202);
    let job = first.headers["location"].to_str().unwrap().to_owned();
    let again = post(&detection, account, PATH, &headers, &body).await;
    assert_eq!((again.status.as_u16(), &again.headers["location"]), (202, &first.headers["location"]));
    assert_eq!(detection.work().await, 1);
    let done = detection.get(account, &job).await.json();
    assert_eq!(done["status"], "completed", "{done}");
    let href = done["result_href"].as_str().unwrap_or_else(|| panic!("{done}"));
    let document = detection.get(account, href).await.json();
    assert_eq!(document["result"], "valid");
    let replayed = post(&detection, account, PATH, &headers, &body).await;
    assert_eq!((replayed.status.as_u16(), &replayed.json()), (201, &document));
    assert_eq!(replayed.headers["idempotent-replayed"], "true");
    assert_eq!(detection.get(account, PATH).await.json()["items"].as_array().unwrap().len(), 1);
}

/// K5: a document is its owner's alone, goes when it is deleted, and goes with its picture.
#[tokio::test]
async fn documents_are_deleted_alone_or_with_their_pictures() {
    let detection = start().await;
    let (account, other) = (AccountId::new(), AccountId::new());
    let kept = read(&detection, account, PASSPORT).await;
    let path = format!("{PATH}/{}", kept["id"].as_str().unwrap());
    assert_eq!(detection.get(other, &path).await.status, 404);
    assert_eq!(detection.delete(other, &path).await.status, 404);
    assert_eq!(detection.delete(account, &path).await.status, 204);
    assert_eq!(detection.get(account, &path).await.status, 404);
    let image = format!("/api/v1/images/{}", kept["sides"][0]["image_id"].as_str().unwrap());
    assert_eq!(detection.get(account, &image).await.status, 200);

    let body = json!({ "front": kept["sides"][0]["image_id"] });
    let again = post(&detection, account, PATH, &[], &body).await.json();
    assert_eq!(detection.delete(account, &image).await.status, 204);
    let path = format!("{PATH}/{}", again["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &path).await.status, 404);
}

/// K3, K5: nothing of a document opens once one of its persons is erased.
#[tokio::test]
async fn an_erased_persons_document_is_gone_at_once() {
    let detection = start().await;
    let account = AccountId::new();
    let upload =
        detection.upload(account, &[("type", "passport"), ("subject_id", "anna")], PASSPORT.as_bytes());
    let upload = upload.await.json();
    let (front, subject) = (&upload["id"], upload["subject"].as_str().unwrap());
    let made = post(&detection, account, PATH, &[], &json!({ "front": front })).await.json();
    let erased = detection.delete(account, &format!("/api/v1/faces/subjects/{subject}")).await;
    assert!(erased.status.is_success());
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &path).await.status, 404);
}

/// K3: a picture that came with a detection stays as long as a document stands on it.
#[tokio::test]
async fn a_picture_stays_while_a_document_stands_on_it() {
    let detection = start().await;
    let account = AccountId::new();
    let request = Request::post("/api/v1/faces/detections").header("content-type", "image/jpeg");
    let made = detection.call(account, request.body(PASSPORT.into()).unwrap()).await.json();
    let image = made["image"]["id"].as_str().unwrap();
    let document = post(&detection, account, PATH, &[], &json!({ "front": image })).await.json();
    let detected = format!("/api/v1/faces/detections/{}", made["id"].as_str().unwrap());
    assert_eq!(detection.delete(account, &detected).await.status, 204);
    let content = format!("/api/v1/images/{image}/content");
    assert_eq!(detection.get(account, &content).await.status, 200);
    let path = format!("{PATH}/{}", document["id"].as_str().unwrap());
    assert_eq!(detection.delete(account, &path).await.status, 204);
    assert_eq!(detection.get(account, &content).await.status, 404);
}
