//! `detect` with one picture.

use image::{ImageReader, Rgb};
use serde_json::json;

use crate::binary::Home;
use crate::fake::{Fake, Reply};
use crate::pictures::{created, detection_id, jpeg, oriented_jpeg, png, undecodable};

const DETECT: &str = "POST /faces/detections";

/// F4: one picture gives a table of its faces and the result's id; what is sent is the file with its type.
#[test]
fn one_picture_gives_a_table_of_faces() {
    let fake = Fake::start();
    fake.on(DETECT, [created(1, 2)]);
    let home = Home::signed_in(&fake, "access", "refresh");
    let picture = jpeg(200, 100);
    home.write("photo.jpg", &picture);
    let run = home
        .run(
            &fake,
            &["detect", "photo.jpg", "--min-face-px", "40", "--max-faces", "9", "--subject", "patient 7"],
        )
        .expect_code(0);
    let request = &fake.requests(DETECT)[0];
    assert_eq!(request.body, picture);
    assert_eq!((request.header("content-type"), request.bearer()), ("image/jpeg", "access"));
    assert_eq!(request.query, "min_face_px=40&max_faces=9&subject_id=patient+7");
    for part in
        ["Confidence", "60, 20", "30 × 36", "99.9 %", "-3.2°", "0.50", "0.25", &detection_id(1), "photo.jpg"]
    {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
    assert_eq!(run.stderr, "");
}

/// F4: a picture without a face is an answer, not a failure.
#[test]
fn picture_without_a_face_is_an_answer() {
    let fake = Fake::start();
    fake.on(DETECT, [created(1, 0)]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("photo.png", png(20, 20));
    let run = home.run(&fake, &["detect", "photo.png"]).expect_code(0);
    assert!(run.stdout.starts_with("No face was found."), "{}", run.stdout);
    assert_eq!(fake.requests(DETECT)[0].header("content-type"), "image/png");
}

/// F4: JSON of one picture is the result itself, NDJSON the same on one line.
#[test]
fn one_picture_as_json_is_one_object() {
    let fake = Fake::start();
    fake.on(DETECT, [created(1, 1)]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("photo.jpg", jpeg(200, 100));
    let run = home.run(&fake, &["detect", "photo.jpg", "-o", "json"]).expect_code(0);
    assert_eq!(
        (&run.json()["file"], &run.json()["faces"][0]["box"]["y"]),
        (&json!("photo.jpg"), &json!(20.25))
    );
    let lines = home.run(&fake, &["detect", "photo.jpg", "-o", "ndjson"]).expect_code(0).ndjson();
    assert_eq!(lines, [run.json()]);
}

/// F8: a picture may come through stdin.
#[test]
fn picture_comes_through_stdin() {
    let fake = Fake::start();
    fake.on(DETECT, [created(1, 1)]);
    let home = Home::signed_in(&fake, "a", "r");
    let run =
        home.run_with_input(&fake, &["detect", "-", "-o", "json", "--save-annotated", "out"], &png(200, 100));
    let run = run.expect_code(0);
    assert_eq!(fake.requests(DETECT)[0].body, png(200, 100));
    assert_eq!(run.json()["annotated"], "out/stdin.annotated.png");
}

/// F5: too large a picture is refused without sending it, in the server's words, from a file and from stdin.
#[test]
fn too_large_a_picture_is_refused_locally() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "a", "r");
    let limit = 20 * 1024 * 1024;
    home.write("big.jpg", vec![0; limit + 1]);
    for run in [
        home.run(&fake, &["detect", "big.jpg"]),
        home.run_with_input(&fake, &["detect", "-"], &vec![0; limit + 1]),
    ] {
        assert!(run.expect_code(4).stderr.contains("The body is too large: the limit is 20 MiB"));
    }
    assert_eq!(fake.request_count(), 0);
    fake.on(DETECT, [created(1, 0)]);
    home.write("just.jpg", vec![0; limit]);
    home.run(&fake, &["detect", "just.jpg"]).expect_code(0);
    assert_eq!(fake.requests(DETECT)[0].body.len(), limit);
}

/// F5: a refused picture ends with 4 and the problem; a missing file with 1; neither prints a result.
#[test]
fn refused_and_missing_pictures_have_their_codes() {
    let fake = Fake::start();
    fake.on(DETECT, [undecodable()]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("bad.jpg", b"not a picture");
    let run = home.run(&fake, &["detect", "bad.jpg"]).expect_code(4);
    for part in ["The picture cannot be decoded", "detail of image-undecodable", "req-1"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert_eq!(run.stdout, "");
    assert_eq!(fake.requests(DETECT)[0].header("content-type"), "application/octet-stream");
    let run = home.run(&fake, &["detect", "absent.jpg"]).expect_code(1);
    assert!(
        run.stderr.contains("absent.jpg: there is no such file") && run.stdout.is_empty(),
        "{}",
        run.stderr
    );
}

/// F4: the annotated picture is upright, of the upright size, and has the box where the face is.
#[test]
fn annotated_picture_is_upright() {
    let fake = Fake::start();
    fake.on(DETECT, [created(1, 1)]);
    let home = Home::signed_in(&fake, "a", "r");
    // Orientation 6: lies on its side, 100 x 200 as stored.
    home.write("photo.JPG", oriented_jpeg(100, 200, 6));
    let run = home.run(&fake, &["detect", "photo.JPG", "--save-annotated", "out"]).expect_code(0);
    assert!(run.stdout.contains("out/photo.annotated.jpg"), "{}", run.stdout);
    let path = home.path().join("out/photo.annotated.jpg");
    let annotated = ImageReader::open(&path).unwrap().decode().unwrap().into_rgb8();
    assert_eq!(annotated.dimensions(), (200, 100));

    home.write("photo.png", png(200, 100));
    home.run(&fake, &["detect", "photo.png", "--save-annotated", "out"]).expect_code(0);
    let annotated = image::open(home.path().join("out/photo.annotated.png")).unwrap().into_rgb8();
    assert_eq!(annotated.dimensions(), (200, 100));
    assert_eq!(*annotated.get_pixel(20, 40), Rgb([0, 230, 118]));
    assert_eq!(*annotated.get_pixel(19, 40), Rgb([128, 128, 128]));
}

/// F4: when the result is there but the picture can not be drawn, the result is printed and the failure told.
#[test]
fn result_is_printed_though_drawing_failed() {
    let fake = Fake::start();
    fake.on(DETECT, [created(1, 1)]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("photo.jpg", b"what the server understands and we do not");
    let run = home.run(&fake, &["detect", "photo.jpg", "--save-annotated", "out"]).expect_code(1);
    assert!(run.stdout.contains(&detection_id(1)), "{}", run.stdout);
    assert!(run.stderr.contains("is stored, but the picture could not be drawn"), "{}", run.stderr);
}

/// F8: a folder for annotated pictures that can not be made is noticed before quota is spent.
#[test]
fn impossible_folder_is_noticed_before_sending() {
    let fake = Fake::start();
    fake.on(DETECT, [created(1, 1)]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("photo.jpg", jpeg(9, 9));
    home.run(&fake, &["detect", "photo.jpg", "--save-annotated", "photo.jpg/out"]).expect_code(1);
    assert_eq!(fake.request_count(), 0);
}

/// F3: an API key goes before the stored session, from the option or the environment.
#[test]
fn given_token_is_used() {
    let fake = Fake::start();
    fake.on(DETECT, [Reply::problem(403, "forbidden", "The credentials do not allow this", json!({}))]);
    let home = Home::signed_in(&fake, "stored", "r");
    home.write("photo.jpg", jpeg(9, 9));
    let run = home.run(&fake, &["detect", "photo.jpg", "--token", "psp_live_x_y_z"]).expect_code(3);
    assert_eq!(fake.requests(DETECT)[0].bearer(), "psp_live_x_y_z");
    assert!(!run.stderr.contains("psp_live"), "{}", run.stderr);
}
