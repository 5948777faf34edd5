use prosopa_harness::{Answer, Caller, Product, binary, photo};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tokio::process::Command;

use crate::papers::portrait;

const MATCHES: &str = "/api/v1/faces/matches";

async fn compare(user: &Caller, image_a: Vec<u8>, images_b: Vec<Vec<u8>>) -> Answer {
    let part = |picture: Vec<u8>| Part::bytes(picture).file_name("picture").mime_str("image/png").unwrap();
    let form = images_b.into_iter().fold(Form::new().part("image_a", part(image_a)), |form, picture| {
        form.part("image_b", part(picture))
    });
    user.send(user.request(Method::POST, MATCHES).multipart(form)).await
}

/// K4: one person is told from others, by pictures that came with the request and by those that are kept.
#[tokio::test]
async fn one_person_is_told_from_another() {
    let product = Product::start().await;
    let user = product.user().await;
    let others = vec![portrait("portrait_a1_tilted.png"), portrait("portrait_b1.png"), photo()];
    let made = compare(&user, portrait("portrait_a1.png"), others).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let answer = made.json();
    let results = answer["results"].as_array().unwrap();
    // What the independent implementation found, and what that makes of it.
    for (result, (distance, decision)) in
        results.iter().zip([(0.175, "match"), (0.8436, "no_match"), (0.8656, "no_match")])
    {
        assert!((result["distance"].as_f64().unwrap() - distance).abs() <= 0.02, "{result}");
        assert_eq!(result["decision"], decision, "{result}");
    }
    assert!(
        results[0]["score"].as_f64().unwrap() > 95.0 && results[1]["score"].as_f64().unwrap() < 10.0,
        "{answer}"
    );
    assert!(
        results[0]["fmr_at_score"].is_null() && results[1]["fmr_at_score"]["value"].as_f64().unwrap() > 0.1
    );

    let kept = [&answer["image_a"]["id"], &results[0]["image_b"]["id"]];
    let again = user.post(MATCHES, &json!({ "image_a": kept[0], "image_b": kept[1] })).await.json();
    assert_eq!(again["results"][0]["distance"], results[0]["distance"]);
    let least = again["calibration"]["fmr_min"].as_f64().unwrap();
    let strict =
        user.post(MATCHES, &json!({ "image_a": kept[0], "image_b": kept[1], "max_fmr": least / 2.0 })).await;
    assert_eq!(
        (strict.refusal(), strict.json()["max_fmr_min"].as_f64()),
        ((422, "validation-failed".into()), Some(least))
    );
    assert_eq!(user.get(MATCHES).await.json()["items"].as_array().unwrap().len(), 2);
    let stranger = product.user().await;
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(stranger.get(location).await.refusal(), (404, "not-found".into()));
    assert_eq!(user.get(location).await.json(), answer);
}

/// K4: a drawing and plain colours have no face, and say so; which picture it is is told.
#[tokio::test]
async fn pictures_without_faces_are_named() {
    let product = Product::start().await;
    let user = product.user().await;
    let refused = compare(&user, photo(), vec![photo(), drawing()]).await;
    assert_eq!(refused.refusal(), (422, "no-face".into()), "{}", refused.json());
    assert_eq!(refused.json()["errors"][0]["pointer"], "/image_b/1");
    assert_eq!(user.get(MATCHES).await.json()["items"], json!([]));
}

/// A smiling face as a child draws it.
fn drawing() -> Vec<u8> {
    let mut canvas = image::RgbImage::from_pixel(200, 200, image::Rgb([255, 255, 255]));
    for (x, y, pixel) in canvas.enumerate_pixels_mut() {
        let (x, y) = (f64::from(x) - 100.0, f64::from(y) - 100.0);
        let is_near = |dx: f64, dy: f64, radius: f64| ((x - dx).hypot(y - dy) - radius).abs() < 2.0;
        let is_eye = is_near(-30.0, -30.0, 4.0) || is_near(30.0, -30.0, 4.0);
        let is_mouth = is_near(0.0, 0.0, 50.0) && y > 20.0;
        if is_near(0.0, 0.0, 80.0) || is_eye || is_mouth {
            *pixel = image::Rgb([0, 0, 0]);
        }
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    canvas.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// K4, K6: without waiting it is a job, whose result is the match.
#[tokio::test]
async fn a_match_may_be_waited_for_as_a_job() {
    let product = Product::start().await;
    let user = product.user().await;
    let image = user.detect(photo(), "image/png").await.text("/image/id");
    let request = user.request(Method::POST, MATCHES).header("prefer", "respond-async");
    let accepted = user.send(request.json(&json!({ "image_a": image, "image_b": image }))).await;
    assert_eq!(accepted.status, 202, "{}", accepted.json());
    let job = accepted.headers["location"].to_str().unwrap().to_owned();
    let href = loop {
        let job = user.get(&job).await.json();
        match job["status"].as_str().unwrap() {
            "completed" => break job["result_href"].as_str().unwrap().to_owned(),
            "queued" | "processing" => tokio::task::yield_now().await,
            _ => panic!("{job}"),
        }
    };
    let made = user.get(&href).await.json();
    assert_eq!(
        (&made["results"][0]["distance"], &made["results"][0]["decision"]),
        (&json!(0.0), &json!("match"))
    );
}

/// K4: the command line says in its exit code what came of it.
#[tokio::test]
async fn the_command_tells_one_person_from_another() {
    let product = Product::start().await;
    let user = product.user().await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["portrait_a1.png", "portrait_a1_tilted.png", "portrait_b1.png"] {
        std::fs::write(folder.path().join(name), portrait(name)).unwrap();
    }
    for (other, code) in [("portrait_a1_tilted.png", 0), ("portrait_b1.png", 8)] {
        let mut command = Command::new(binary());
        command.args(["match", "portrait_a1.png", other]).current_dir(folder.path());
        command.env("PROSOPA_SERVER", product.url()).env("PROSOPA_TOKEN", user.token.as_deref().unwrap());
        let said = command.output().await.unwrap();
        let errors = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(code), "{other}: {errors}");
        assert!(String::from_utf8_lossy(&said.stdout).contains("mat_"));
    }
}
