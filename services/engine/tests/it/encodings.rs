//! F4: whatever a picture is encoded in, its faces are found.

use image::{DynamicImage, ImageFormat as FileFormat, Rgb, RgbImage, Rgba};
use prosopa_contract::engine::{AnalyzeFacesResponse, Engine, EngineError, ImageFormat};

use crate::support::{analyze, asset, box_difference, decode_asset, encode, request, shared_engine};

async fn astronaut() -> AnalyzeFacesResponse {
    analyze(asset("astronaut.png")).await.unwrap()
}

/// Every asset shows the same face, cut out at the same place.
#[tokio::test]
async fn cmyk_palette_progressive_and_lossy_pictures_show_their_face() {
    let reference = DynamicImage::ImageRgb8(
        image::imageops::crop_imm(&decode_asset("astronaut.png"), 110, 20, 240, 240).to_image(),
    );
    let reference = analyze(encode(&reference, FileFormat::Png)).await.unwrap();
    let cases = [
        ("cmyk.jpg", ImageFormat::Jpeg),
        ("palette.png", ImageFormat::Png),
        ("progressive.jpg", ImageFormat::Jpeg),
        ("lossy.webp", ImageFormat::Webp),
    ];
    for (name, format) in cases {
        let answer = analyze(asset(name)).await.unwrap();
        assert_eq!(answer.image.unwrap().format(), format, "{name}");
        assert_eq!(answer.faces.len(), 1, "{name}");
        assert!(box_difference(&answer.faces[0], &reference.faces[0]) < 6.0, "{name}");
    }
}

#[tokio::test]
async fn sixteen_bit_grey_and_transparent_pictures_show_their_face() {
    let plain = DynamicImage::ImageRgb8(decode_asset("astronaut.png"));
    let reference = astronaut().await;
    let pictures = [
        DynamicImage::ImageRgb16(plain.to_rgb16()),
        DynamicImage::ImageRgba16(plain.to_rgba16()),
        DynamicImage::ImageRgba8(plain.to_rgba8()),
        DynamicImage::ImageLuma8(plain.to_luma8()),
        DynamicImage::ImageLuma16(plain.to_luma16()),
        DynamicImage::ImageLumaA8(plain.to_luma_alpha8()),
        DynamicImage::ImageLumaA16(plain.to_luma_alpha16()),
    ];
    for picture in pictures {
        let color = picture.color();
        let answer = analyze(encode(&picture, FileFormat::Png)).await.unwrap();
        assert_eq!(answer.faces.len(), 1, "{color:?}");
        let limit = if color.has_color() { 0.01 } else { 6.0 };
        assert!(box_difference(&answer.faces[0], &reference.faces[0]) < limit, "{color:?}");
    }
}

/// What cannot be seen is not found.
#[tokio::test]
async fn a_fully_transparent_face_is_black() {
    let mut picture = DynamicImage::ImageRgb8(decode_asset("astronaut.png")).to_rgba8();
    picture.pixels_mut().for_each(|Rgba(pixel)| pixel[3] = 0);
    let answer = analyze(encode(&DynamicImage::ImageRgba8(picture), FileFormat::Png)).await.unwrap();
    assert!(answer.faces.is_empty());
}

/// No face is a valid answer, down to a single pixel.
#[tokio::test]
async fn small_and_flat_pictures_have_no_faces() {
    for (width, height) in [(1, 1), (1, 300), (300, 1), (11, 11), (12, 12), (13, 400), (200, 150)] {
        let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([90, 120, 60])));
        for format in [FileFormat::Png, FileFormat::Jpeg, FileFormat::WebP] {
            let mut request = request(encode(&picture, format));
            request.min_face_px = Some(12);
            let answer = shared_engine().analyze_faces(request).await.unwrap();
            assert!(answer.faces.is_empty(), "{width} x {height}");
            let image = answer.image.unwrap();
            assert_eq!((image.width, image.height), (width, height));
        }
    }
}

/// The largest picture that is allowed, almost: a few hundred kilobytes that become 150 MB.
#[tokio::test]
async fn a_picture_just_under_the_limit_is_analysed() {
    let picture = DynamicImage::ImageLuma8(image::GrayImage::from_pixel(10_000, 4_999, image::Luma([128])));
    let answer = analyze(encode(&picture, FileFormat::Png)).await.unwrap();
    assert!(answer.faces.is_empty());
    assert_eq!(answer.image.unwrap().width, 10_000);
}

/// The answer is complete: what was asked for, how long it took, and which models made it.
#[tokio::test]
async fn an_answer_is_complete() {
    let engine = shared_engine();
    let answer = astronaut().await;
    let face = &answer.faces[0];
    assert_eq!((face.landmarks5.len(), face.landmarks68.len(), face.embedding.len()), (5, 68, 128));
    assert!(face.roll_degrees.abs() < 10.0, "{}", face.roll_degrees);
    let quality = face.quality.unwrap();
    assert!(quality.sharpness > 50.0 && (0.2..0.9).contains(&quality.brightness), "{quality:?}");
    assert!((quality.face_px - 89.5).abs() < 1.0);
    let timings = answer.timings.unwrap();
    assert!(timings.decode_us > 0 && timings.detect_us > 0 && timings.align_us > 0 && timings.embed_us > 0);
    assert!(timings.device_us > 0);
    let models = engine.describe_models().await.unwrap();
    assert_eq!(answer.model_digest, models.model_digest);
    assert_eq!((models.device.as_str(), models.model_digest.len()), ("cpu", 64));

    let mut request = request(asset("astronaut.png"));
    request.with_embeddings = false;
    let answer = engine.analyze_faces(request).await.unwrap();
    assert!(answer.faces[0].embedding.is_empty());
    assert_eq!(answer.faces[0].landmarks68, face.landmarks68);
    assert_eq!(answer.timings.unwrap().embed_us, 0);
}

/// F4: the largest faces come first and are the ones kept; a tilted face tells its angle.
#[tokio::test]
async fn the_largest_faces_are_kept() {
    let mut canvas = RgbImage::new(1_100, 640);
    image::imageops::replace(&mut canvas, &decode_asset("astronaut.png"), 0, 0);
    image::imageops::replace(&mut canvas, &decode_asset("portrait_a1_tilted.png"), 560, 0);
    let mut both = request(encode(&DynamicImage::ImageRgb8(canvas), FileFormat::Png));
    let answer = shared_engine().analyze_faces(both.clone()).await.unwrap();
    assert_eq!(answer.faces.len(), 2);
    let left_edges: Vec<f32> = answer.faces.iter().map(|face| face.r#box.unwrap().x0).collect();
    assert!(left_edges[0] > 560.0 && left_edges[1] < 512.0);
    assert!((answer.faces[0].roll_degrees + 23.0).abs() < 4.0, "{}", answer.faces[0].roll_degrees);
    both.max_faces = Some(1);
    let answer = shared_engine().analyze_faces(both).await.unwrap();
    assert_eq!(answer.faces.iter().map(|face| face.r#box.unwrap().x0).collect::<Vec<_>>(), left_edges[..1]);
}

/// K3: a picture that is only decoded is judged like any other, and nobody looks for faces in it.
#[tokio::test]
async fn a_picture_can_be_decoded_without_more() {
    let engine = shared_engine();
    let mut whole = request(asset("astronaut.png"));
    whole.decode_only = true;
    let mut torn = whole.clone();
    torn.image = torn.image.slice(..torn.image.len() / 2);
    let answer = engine.analyze_faces(whole).await.unwrap();
    let info = answer.image.unwrap();
    let decoded = decode_asset("astronaut.png");
    assert_eq!((info.width, info.height), decoded.dimensions());
    assert_eq!(info.format(), ImageFormat::Png);
    assert_eq!(answer.faces, []);
    let timings = answer.timings.unwrap();
    assert!(timings.decode_us > 0 && timings.detect_us == 0, "{timings:?}");
    let answer = engine.analyze_faces(torn).await;
    assert!(matches!(answer, Err(EngineError::UndecodableImage { .. })), "{answer:?}");
}
