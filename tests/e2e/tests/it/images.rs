//! Pictures that are kept, from the outside.

use prosopa_harness::{Answer, Caller, Product, patiently, photo};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;

const IMAGES: &str = "/api/v1/images";
const DETECTIONS: &str = "/api/v1/faces/detections";

async fn upload(user: &Caller, fields: &[(&'static str, &'static str)], picture: Vec<u8>) -> Answer {
    let form = || {
        let part = Part::bytes(picture.clone()).file_name("picture").mime_str("image/png").unwrap();
        let form = fields.iter().fold(Form::new(), |form, (name, text)| form.text(*name, *text));
        form.part("image", part)
    };
    patiently(async || user.send(user.request(Method::POST, IMAGES).multipart(form())).await).await
}

/// A picture is kept, described, looked at, listed and deleted; nobody else gets at it.
async fn keep_look_and_delete(product: &Product) {
    let (user, stranger) = (product.user().await, product.user().await);
    let fields = [("type", "face"), ("subject_id", "patient-7"), ("metadata", r#"{"case":"A-17"}"#)];
    let made = upload(&user, &fields, photo()).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let image = made.json();
    assert_eq!(
        (&image["width"], &image["format"], &image["type"]),
        (&json!(512), &json!("png"), &json!("face"))
    );
    let path = format!("{IMAGES}/{}", made.text("/id"));
    assert_eq!(made.headers["location"], path.as_str());
    let again = upload(&user, &fields, photo()).await;
    assert_eq!((again.status, &again.json()["id"]), (200, &image["id"]));
    assert_eq!(user.get(&path).await.json(), image);
    assert_eq!(user.get(&format!("{path}/content")).await.body, photo());

    let question = json!({ "image_id": image["id"] });
    let found = patiently(async || user.post(DETECTIONS, &question).await).await;
    assert_eq!((found.status, &found.json()["face_count"]), (201, &json!(1)), "{}", found.json());
    assert_eq!(found.json()["image"]["id"], image["id"]);
    let later =
        user.request(Method::POST, DETECTIONS).header("prefer", "respond-async, wait=30").json(&question);
    let later = user.send(later).await;
    assert_eq!((later.status, &later.json()["faces"]), (201, &found.json()["faces"]));

    let list = user.get(&format!("{IMAGES}?type=face&subject_id=patient-7")).await.json();
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["id"]), (1, &image["id"]));
    for (method, body) in [(Method::GET, None), (Method::DELETE, None), (Method::POST, Some(&question))] {
        let at = if body.is_some() { DETECTIONS } else { &path };
        let mut request = stranger.request(method, at);
        if let Some(body) = body {
            request = request.json(body);
        }
        assert_eq!(stranger.send(request).await.refusal(), (404, "not-found".into()));
    }
    assert_eq!(stranger.get(IMAGES).await.json()["items"], json!([]));

    assert_eq!(user.delete(&format!("{DETECTIONS}/{}", found.text("/id"))).await.status, 204);
    assert_eq!(user.get(&path).await.status, 200, "an upload stays");
    assert_eq!(user.delete(&path).await.status, 204);
    assert_eq!(user.get(&path).await.refusal(), (404, "not-found".into()));
    assert_eq!(user.get(DETECTIONS).await.json()["items"], json!([]), "what was found in it went with it");
    assert!(product.blobs().names("detection").await.is_empty());
}

/// K3: in one process.
#[tokio::test]
async fn a_picture_is_kept_until_it_is_deleted() {
    let product = Product::start().await;
    keep_look_and_delete(&product).await;
}

/// K3, S4: with every service in a process of its own.
#[tokio::test]
async fn services_apart_keep_a_picture() {
    let product = Product::start_apart(&[]).await;
    keep_look_and_delete(&product).await;
}

/// K3: what is no picture, and metadata that nobody could need, are refused and not charged.
#[tokio::test]
async fn bad_uploads_are_refused_and_not_charged() {
    let product = Product::start().await;
    let user = product.user().await;
    let half = photo()[..photo().len() / 2].to_vec();
    assert_eq!(upload(&user, &[], half).await.refusal(), (422, "image-undecodable".into()));
    let deep = [("metadata", r#"{"a":{"b":{"c":{"d":1}}}}"#)];
    assert_eq!(upload(&user, &deep, photo()).await.refusal(), (422, "validation-failed".into()));
    assert_eq!(user.get("/api/v1/users/me").await.json()["quota"]["windows"][0]["used"], 0);
    assert_eq!(user.get(IMAGES).await.json()["items"], json!([]));
}
