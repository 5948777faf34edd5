use std::path::Path;

use prosopa_harness::{Product, photo};

fn asset(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)).unwrap()
}

/// F5: each kind of bad picture has its status and its code; the product goes on.
#[tokio::test]
async fn bad_pictures_are_told_apart() {
    let product = Product::start().await;
    let user = product.user().await;
    let photo = photo();
    let half = photo[..photo.len() / 2].to_vec();
    let (jpeg, webp) = (asset("progressive.jpg"), asset("face.webp"));
    let cases: Vec<(&str, Vec<u8>, &str, u16, &str)> = vec![
        ("a text", b"Hello".to_vec(), "image/png", 415, "unsupported-media-type"),
        ("a text, said to be one", b"Hello".to_vec(), "text/plain", 415, "unsupported-media-type"),
        ("a GIF", asset("still.gif"), "image/gif", 415, "unsupported-media-type"),
        ("a GIF, said to be a PNG", asset("still.gif"), "image/png", 415, "unsupported-media-type"),
        ("a PNG, said to be a JPEG", photo.clone(), "image/jpeg", 415, "unsupported-media-type"),
        ("nothing", Vec::new(), "image/png", 422, "image-empty"),
        ("half a PNG", half, "image/png", 422, "image-undecodable"),
        ("half a JPEG", jpeg[..jpeg.len() / 2].to_vec(), "image/jpeg", 422, "image-undecodable"),
        ("half a WebP", webp[..webp.len() / 2].to_vec(), "image/webp", 422, "image-undecodable"),
        ("only a head", photo[..24].to_vec(), "image/png", 422, "image-undecodable"),
        ("an animated PNG", asset("animated.png"), "image/png", 422, "image-animated"),
        ("an animated WebP", asset("animated.webp"), "image/webp", 422, "image-animated"),
        ("a bomb", asset("bomb.png"), "image/png", 422, "image-too-large"),
        ("too many bytes", vec![0; 21 * 1024 * 1024], "image/png", 413, "body-too-large"),
    ];
    for (name, picture, media_type, status, code) in cases {
        let answer = user.detect(picture, media_type).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{name}: {}", answer.json());
    }
    let bomb = user.detect(asset("bomb.png"), "image/png").await.json();
    assert_eq!((&bomb["width"], &bomb["pixels_max"]), (&60_000.into(), &50_000_000.into()));
    assert_eq!(user.detect(photo, "image/png").await.status, 201);
}

/// F4: unusual pictures are pictures all the same.
#[tokio::test]
async fn unusual_pictures_are_read() {
    let product = Product::start().await;
    let user = product.user().await;
    for (name, media_type, faces) in [
        ("cmyk.jpg", "image/jpeg", 1),
        ("grey.jpg", "image/jpeg", 1),
        ("progressive.jpg", "image/jpeg", 1),
        ("palette.png", "image/png", 1),
        ("sixteen_bit.png", "image/png", 1),
        ("face.webp", "image/webp", 1),
        ("one_pixel.png", "image/png", 0),
    ] {
        let answer = user.detect(asset(name), media_type).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.json());
        assert_eq!(answer.json()["face_count"], faces, "{name}");
    }
}

/// F5: a body whose length is a lie or that is too long without saying so is cut off.
#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let product = Product::start().await;
    let user = product.user().await;
    let chunks = futures::stream::iter((0..).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 1024 * 1024])));
    let request = user.request(reqwest::Method::POST, "/api/v1/faces/detections");
    let request = request.header("content-type", "image/png").body(reqwest::Body::wrap_stream(chunks));
    // The answer may come while the body is still being sent; both ways the server must not read for ever.
    if let Ok(answer) = user.try_send(request).await {
        assert_eq!(answer.refusal(), (413, "body-too-large".into()));
    }
    assert_eq!(user.detect(photo(), "image/png").await.status, 201);
}
