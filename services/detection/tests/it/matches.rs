//! Faces that are compared: what comes of it, which picture is at fault, who may see it, what is paid.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use prosopa_contract::engine::{
    AnalyzeFacesRequest, AnalyzeFacesResponse, EngineError, ImageFormat, StageTimings,
};
use prosopa_model::AccountId;
use prosopa_testkit::{Received, analysis_of};

use crate::support::Detection;

const PATH: &str = "/api/v1/faces/matches";

/// An engine for pictures that are texts: a number for each face in them, which is where its embedding lies.
struct Texts {
    detection: Detection,
    /// How often faces were looked for.
    looks: Arc<AtomicU32>,
}

fn look(request: &AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> {
    let text = String::from_utf8_lossy(&request.image).into_owned();
    if text == "broken" {
        return Err(EngineError::UndecodableImage { detail: "it is torn".into() });
    }
    let places: Vec<f32> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let mut answer = analysis_of(ImageFormat::Jpeg, places.len());
    for (face, place) in answer.faces.iter_mut().zip(places) {
        face.embedding = vec![0.0; 128];
        face.embedding[0] = place;
    }
    answer.timings = Some(StageTimings { device_us: 500, ..StageTimings::default() });
    Ok(answer)
}

impl Texts {
    async fn start() -> Self {
        let looks = Arc::<AtomicU32>::default();
        let counted = Arc::clone(&looks);
        let detection = Detection::with(move |request| {
            if request.with_embeddings {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            look(&request)
        });
        Self { detection: detection.await, looks }
    }

    /// Keeps a picture in which nobody has looked for faces.
    async fn upload(&self, account: AccountId, text: &str) -> String {
        self.detection.keep(account, &[("type", "face")], text.as_bytes()).await
    }

    /// Keeps a picture whose faces are found.
    async fn detect(&self, account: AccountId, text: &str) -> String {
        let received = self.detection.post(account, "image/jpeg", text.to_owned()).await;
        assert_eq!(received.status, 201, "{}", received.json());
        received.json()["image"]["id"].as_str().unwrap().to_owned()
    }

    async fn compare(&self, account: AccountId, request: Value) -> Received {
        self.send(account, request, &[]).await
    }

    async fn send(&self, account: AccountId, request: Value, headers: &[(&str, &str)]) -> Received {
        let mut builder = Request::post(PATH).header("content-type", "application/json");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        self.detection.call(account, builder.body(request.to_string().into()).unwrap()).await
    }

    async fn send_form(&self, account: AccountId, fields: &[(&str, Option<&str>, &str)]) -> Received {
        let mut body = String::new();
        for (name, media_type, value) in fields {
            body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\""));
            if let Some(media_type) = media_type {
                body.push_str(&format!("; filename=\"f\"\r\nContent-Type: {media_type}"));
            }
            body.push_str(&format!("\r\n\r\n{value}\r\n"));
        }
        body.push_str("--b--\r\n");
        let request = Request::post(PATH).header("content-type", "multipart/form-data; boundary=b");
        self.detection.call(account, request.body(Body::from(body)).unwrap()).await
    }

    async fn count(&self, account: AccountId, path: &str) -> usize {
        self.detection.get(account, path).await.json()["items"].as_array().unwrap().len()
    }
}

/// K4: score, distance, decision, the faces used, what it stands on; and the same again when it is asked for.
#[tokio::test]
async fn two_pictures_give_a_score() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let (a, b) = (texts.upload(account, "0.0").await, texts.upload(account, "0.5").await);
    let made = texts.compare(account, json!({ "image_a": a, "image_b": b })).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let answer = made.json();
    assert!(answer["id"].as_str().unwrap().starts_with("mat_"));
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("{PATH}/{}", answer["id"].as_str().unwrap()));
    assert_eq!((&answer["max_fmr"], &answer["model_digest"]), (&json!(0.02), &json!("0".repeat(64))));
    assert_eq!(answer["image_a"]["id"], a);
    let result = &answer["results"][0];
    assert_eq!(
        (&result["distance"], &result["score"], &result["decision"]),
        (&json!(0.5), &json!(74.5), &json!("match"))
    );
    assert_eq!(result["match_probability"], json!({"value": 0.745, "low": 0.625, "high": 0.8495}));
    // Too close for a rate of its own: fewer false matches were seen than can be counted.
    assert_eq!((&result["fmr_at_score"], &result["fmr_at_score_max"]), (&Value::Null, &json!(0.02)));
    let face = json!({"x": 20.0, "y": 10.0, "width": 40.0, "height": 50.0});
    assert_eq!((&result["image_b"]["id"], &result["image_b"]["box"]), (&json!(b), &face));
    assert_eq!((&result["image_b"]["faces_found"], &result["image_b"]["face_index"]), (&json!(1), &json!(0)));
    assert_eq!(answer["calibration"]["fmr_min"], 0.02);
    assert!(!String::from_utf8_lossy(&made.body).contains("embedding"));
    assert_eq!(texts.detection.get(account, location).await.json(), answer);
}

/// K4: one face with many in one call; far ones are no match, and in between nobody can tell.
#[tokio::test]
async fn one_face_is_compared_with_many() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let a = texts.upload(account, "0.0").await;
    let mut others = Vec::new();
    for place in ["0.2", "0.7", "1.1"] {
        others.push(texts.upload(account, place).await);
    }
    let answer = texts.compare(account, json!({ "image_a": a, "image_b": others })).await.json();
    let results = answer["results"].as_array().unwrap();
    let decisions: Vec<_> = results.iter().map(|result| result["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["match", "inconclusive", "no_match"]);
    let ids: Vec<_> = results.iter().map(|result| result["image_b"]["id"].clone()).collect();
    assert_eq!(ids, others);
    assert_eq!(results[2]["fmr_at_score"]["value"], 0.9);
    let many: Vec<_> = (0..101).map(|_| a.clone()).collect();
    let refused = texts.compare(account, json!({ "image_a": a, "image_b": many })).await;
    assert_eq!(refused.refusal(), (422, "validation-failed".into()));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/image_b");
    let none = texts.compare(account, json!({ "image_a": a, "image_b": [] })).await;
    assert_eq!(none.json()["errors"][0]["pointer"], "/image_b");
}

/// K4: of several faces the largest is compared, or the one that is named; who wants one alone is told how many there are.
#[tokio::test]
async fn of_several_faces_one_is_chosen() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let (a, b) = (texts.upload(account, "0.0 1.0").await, texts.upload(account, "0.1 1.2").await);
    let distance = async |more: Value| {
        let mut request = json!({ "image_a": a, "image_b": b });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        texts.compare(account, request).await
    };
    let largest = distance(json!({})).await.json();
    assert_eq!(largest["results"][0]["distance"], 0.1);
    assert_eq!(largest["image_a"]["faces_found"], 2);
    let named = distance(json!({ "face_a": 1, "face_b": 1 })).await.json();
    assert_eq!((&named["results"][0]["distance"], &named["image_a"]["face_index"]), (&json!(0.2), &json!(1)));
    let beyond = distance(json!({ "face_b": 2 })).await;
    assert_eq!(beyond.refusal(), (422, "validation-failed".into()));
    assert_eq!(beyond.json()["errors"][0]["pointer"], "/face_b");
    let single = distance(json!({ "require_single_face": true })).await;
    assert_eq!(single.refusal(), (422, "several-faces".into()));
    assert_eq!(
        (&single.json()["errors"][0]["pointer"], &single.json()["faces_found"]),
        (&json!("/image_a"), &json!(2))
    );
}

/// K4: a picture without a face is named by its place in the request, one that cannot be read too.
#[tokio::test]
async fn a_picture_without_a_face_is_named() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let (face, none) = (texts.upload(account, "0.0").await, texts.upload(account, "a drawing").await);
    for (request, pointer) in [
        (json!({ "image_a": none, "image_b": face }), "/image_a"),
        (json!({ "image_a": face, "image_b": none }), "/image_b"),
        (json!({ "image_a": face, "image_b": [face, none] }), "/image_b/1"),
    ] {
        let refused = texts.compare(account, request).await;
        assert_eq!(refused.refusal(), (422, "no-face".into()));
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(texts.count(account, PATH).await, 0);
    let fields = [("image_a", None, face.as_str()), ("image_b", Some("image/jpeg"), "broken")];
    let refused = texts.send_form(account, &fields).await;
    assert_eq!(refused.refusal(), (422, "image-undecodable".into()));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/image_b");
}

/// K4: pictures of others, and such as do not exist, answer exactly alike.
#[tokio::test]
async fn foreign_pictures_answer_like_absent_ones() {
    let texts = Texts::start().await;
    let (account, stranger) = (AccountId::new(), AccountId::new());
    let (own, foreign) = (texts.upload(account, "0.0").await, texts.upload(stranger, "0.0").await);
    let ask = async |id: &str| texts.compare(account, json!({ "image_a": own, "image_b": id })).await;
    let expected = ask("img_01h455vb4pex5vsknk084sn02q").await;
    assert_eq!(expected.refusal(), (404, "not-found".into()));
    assert_eq!(expected.json()["errors"][0]["pointer"], "/image_b");
    for id in [foreign.as_str(), "1"] {
        assert_eq!(ask(id).await.body, expected.body, "{id}");
    }
}

/// F6, K4: matches of others answer like none, are in no list of mine, and mine are listed by time.
#[tokio::test]
async fn nobody_elses_matches_are_seen() {
    let texts = Texts::start().await;
    let (account, stranger) = (AccountId::new(), AccountId::new());
    let a = texts.upload(account, "0.0").await;
    let made = texts.compare(account, json!({ "image_a": a, "image_b": [a, a] })).await;
    let location = made.headers["location"].to_str().unwrap();
    let absent = texts.detection.get(stranger, &format!("{PATH}/mat_01h455vb4pex5vsknk084sn02q")).await;
    assert_eq!(absent.refusal(), (404, "not-found".into()));
    assert_eq!(texts.detection.get(stranger, location).await.body, absent.body);
    assert_eq!(texts.detection.delete(stranger, location).await.body, absent.body);
    assert_eq!(texts.count(stranger, PATH).await, 0);
    let list = texts
        .detection
        .get(account, &format!("{PATH}?start_date=2026-01-31&end_date=2026-01-31"))
        .await
        .json();
    assert_eq!((&list["items"][0]["image_a_id"], &list["items"][0]["comparisons"]), (&json!(a), &json!(2)));
    assert_eq!(texts.count(account, &format!("{PATH}?start_date=2026-02-01")).await, 0);
    assert_eq!(texts.detection.delete(account, location).await.status, 204);
    assert_eq!(texts.detection.get(account, location).await.status, 404);
    let content = format!("/api/v1/images/{a}/content");
    assert_eq!(texts.detection.get(account, &content).await.status, 200, "the picture stays");
}

/// N7: a match goes with any of its pictures, and with any of its persons.
#[tokio::test]
async fn a_match_goes_with_its_pictures_and_persons() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let person = async |name: &str| {
        let path = format!("/api/v1/faces/detections?subject_id={name}");
        let request = Request::post(path).header("content-type", "image/jpeg").body("0.3".into()).unwrap();
        let made = texts.detection.call(account, request).await.json();
        (made["image"]["id"].as_str().unwrap().to_owned(), made["subject"].as_str().unwrap().to_owned())
    };
    let (a, _) = person("ann").await;
    let (b, ben) = person("ben").await;
    let c = texts.upload(account, "0.1").await;
    let compare = async |others: &[&String]| {
        let made = texts.compare(account, json!({ "image_a": a, "image_b": others })).await;
        made.headers["location"].to_str().unwrap().to_owned()
    };
    let (with_both, with_c) = (compare(&[&b, &c]).await, compare(&[&c]).await);
    let erased = texts.detection.delete(account, &format!("/api/v1/faces/subjects/{ben}")).await;
    assert_eq!(erased.status, 202);
    assert_eq!(
        texts.detection.get(account, &with_both).await.refusal(),
        (404, "not-found".into()),
        "at once"
    );
    assert_eq!(texts.detection.get(account, &with_c).await.status, 200);
    texts.detection.work().await;
    assert_eq!(texts.count(account, PATH).await, 1);
    assert_eq!(texts.detection.delete(account, &format!("/api/v1/images/{c}")).await.status, 204);
    assert_eq!(texts.detection.get(account, &with_c).await.status, 404);
    assert_eq!(texts.count(account, PATH).await, 0);
}

/// N1: who accepts less false matches than can be promised is told the least.
#[tokio::test]
async fn a_rate_that_cannot_be_kept_is_refused() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let a = texts.upload(account, "0.0").await;
    let ask = async |max_fmr: f64| {
        texts.compare(account, json!({ "image_a": a, "image_b": a, "max_fmr": max_fmr })).await
    };
    let refused = ask(0.001).await;
    assert_eq!(refused.refusal(), (422, "validation-failed".into()));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/max_fmr");
    assert_eq!(refused.json()["max_fmr_min"], 0.02);
    assert_eq!(ask(0.7).await.refusal(), (422, "validation-failed".into()));
    let kept = ask(0.3).await.json();
    assert_eq!((&kept["max_fmr"], &kept["results"][0]["decision"]), (&json!(0.3), &json!("match")));
}

/// K4, N5: faces that are known are not looked for again, unless more of them may be there than were asked for.
#[tokio::test]
async fn known_faces_are_used_again() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let (a, b) = (texts.detect(account, "0.0").await, texts.detect(account, "0.2").await);
    let before = texts.looks.load(Ordering::Relaxed);
    let made = texts.compare(account, json!({ "image_a": a, "image_b": b })).await;
    assert_eq!((made.status.as_u16(), &made.json()["results"][0]["distance"]), (201, &json!(0.2)));
    assert_eq!(texts.looks.load(Ordering::Relaxed), before);
    let single = json!({ "image_a": a, "image_b": b, "require_single_face": true });
    assert_eq!(texts.compare(account, single).await.status, 201);
    assert_eq!(texts.looks.load(Ordering::Relaxed), before + 2);
}

/// K8: a match is billed once, by its comparisons, in the transaction of its result; what was known costs nothing.
#[tokio::test]
async fn a_match_is_billed_once() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let (a, b) = (texts.detect(account, "0.0").await, texts.upload(account, "0.2").await);
    let request = json!({ "image_a": a, "image_b": [b, a] });
    let sent = async || texts.send(account, request.clone(), &[("idempotency-key", "k")]).await;
    let (first, again) = (sent().await, sent().await);
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.json(), first.json());
    let charges: Vec<_> = texts
        .detection
        .charges()
        .await
        .into_iter()
        .filter(|charge| charge.operation == "faces.match")
        .collect();
    assert_eq!(charges.len(), 1);
    let charge = &charges[0];
    assert_eq!((charge.units, charge.cpu_us, charge.bytes), (2, 500, 3));
    assert_eq!(
        (charge.resource_id.as_str(), charge.account_id.clone()),
        (first.json()["id"].as_str().unwrap(), account.to_string())
    );
    let other = texts.send(account, json!({ "image_a": a, "image_b": a }), &[("idempotency-key", "k")]).await;
    assert_eq!(other.refusal(), (422, "idempotency-key-reused".into()));
}

/// K3, K4: pictures that come with the request are kept like uploads; if nothing comes of it they are not.
#[tokio::test]
async fn pictures_may_come_with_the_request() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let kept = texts.upload(account, "0.0").await;
    let fields = [
        ("image_a", Some("image/jpeg"), "0.3"),
        ("image_b", None, kept.as_str()),
        ("image_b", Some("application/octet-stream"), "0.4"),
        ("max_fmr", None, "0.05"),
    ];
    let made = texts.send_form(account, &fields).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let answer = made.json();
    assert_eq!(
        (&answer["results"][0]["distance"], &answer["results"][0]["image_b"]["id"]),
        (&json!(0.3), &json!(kept))
    );
    assert_eq!(answer["results"][1]["distance"], 0.1);
    let content = format!("/api/v1/images/{}/content", answer["image_a"]["id"].as_str().unwrap());
    assert_eq!(texts.detection.get(account, &content).await.body, b"0.3");
    assert_eq!(texts.count(account, "/api/v1/images").await, 3);
    let fields = [("image_a", Some("image/jpeg"), "0.7"), ("image_b", Some("image/jpeg"), "nobody")];
    let refused = texts.send_form(account, &fields).await;
    assert_eq!(refused.refusal(), (422, "no-face".into()));
    assert_eq!(texts.count(account, "/api/v1/images").await, 3, "what nothing came of does not stay");
    for (fields, pointer) in [
        (vec![("image_b", None, kept.as_str())], "/image_a"),
        (vec![("image_a", None, kept.as_str())], "/image_b"),
        (vec![("image_a", None, kept.as_str()), ("image_a", None, kept.as_str())], "/image_a"),
        (vec![("image_c", None, "1")], "/image_c"),
        (vec![("max_fmr", None, "much")], "/max_fmr"),
    ] {
        let refused = texts.send_form(account, &fields).await;
        assert_eq!(refused.refusal(), (422, "validation-failed".into()), "{pointer}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
}

/// K6: a match of a caller who does not wait is a job, whose result is the match; a picture that is at fault fails it.
#[tokio::test]
async fn a_match_may_be_a_job() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let (a, none) = (texts.upload(account, "0.0").await, texts.upload(account, "a tree").await);
    let submit = async |other: &str| {
        let request = json!({ "image_a": a, "image_b": other });
        let submitted = texts.send(account, request, &[("prefer", "respond-async")]).await;
        assert_eq!(submitted.status, 202, "{}", submitted.json());
        submitted.headers["location"].to_str().unwrap().to_owned()
    };
    let (good, bad) = (submit(&a).await, submit(&none).await);
    assert_eq!(texts.count(account, PATH).await, 0);
    assert_eq!(texts.detection.work().await, 2);
    let done = texts.detection.get(account, &good).await.json();
    assert_eq!((&done["status"], &done["kind"]), (&json!("completed"), &json!("match-faces")), "{done}");
    let made = texts.detection.get(account, done["result_href"].as_str().unwrap()).await.json();
    assert_eq!(made["results"][0]["distance"], 0.0);
    let failed = texts.detection.get(account, &bad).await.json();
    assert_eq!(
        (&failed["status"], &failed["problem"]["code"]),
        (&json!("failed"), &json!("no-face")),
        "{failed}"
    );
    let charges = texts.detection.charges().await;
    assert_eq!(charges.iter().filter(|charge| charge.operation == "faces.match").count(), 1);
}

/// N7: whoever finds the disk reads neither faces nor distances nor scores.
#[tokio::test]
async fn nothing_of_a_match_lies_open_on_the_disk() {
    let texts = Texts::start().await;
    let account = AccountId::new();
    let (a, b) = (texts.upload(account, "0.0").await, texts.upload(account, "0.5").await);
    let made = texts.compare(account, json!({ "image_a": a, "image_b": b })).await;
    assert_eq!(made.status, 201);
    let home = &texts.detection.test.home;
    for needle in ["decision", "face_index", "74.5", "fmr_at_score"] {
        assert!(!home.holds_anywhere(needle.as_bytes()).await, "{needle}");
    }
    // The same search does find what is kept in the open.
    assert!(home.holds_anywhere("0".repeat(64).as_bytes()).await);
}
