//! F4: a level of the pyramid that is searched in several tiles has no seams.

use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use prosopa_contract::engine::Engine;

use crate::support::{decode_asset, encode, request, shared_engine};

/// The face is put across the borders of tiles, which lie 512 px apart in the largest level.
#[tokio::test]
async fn a_face_across_tile_borders_is_found_once() {
    let picture = decode_asset("astronaut.png");
    let face = imageops::resize(
        &imageops::crop_imm(&picture, 130, 20, 192, 192).to_image(),
        64,
        64,
        imageops::Triangle,
    );
    for (x, y) in [(100, 100), (480, 480), (490, 300), (300, 476), (520, 520)] {
        let mut canvas = RgbImage::from_pixel(600, 600, image::Rgb([110, 110, 110]));
        imageops::replace(&mut canvas, &face, x, y);
        let mut request = request(encode(&DynamicImage::ImageRgb8(canvas), ImageFormat::Png));
        request.min_face_px = Some(12);
        let answer = shared_engine().analyze_faces(request).await.unwrap();
        let confident: Vec<_> = answer.faces.iter().filter(|face| face.confidence > 0.95).collect();
        assert_eq!(confident.len(), 1, "at {x}, {y}: {} faces", answer.faces.len());
        let bounds = confident[0].r#box.unwrap();
        let (centre_x, centre_y) = ((bounds.x0 + bounds.x1) / 2.0, (bounds.y0 + bounds.y1) / 2.0);
        assert!((centre_x - x as f32 - 31.0).abs() < 4.0, "{centre_x} for {x}");
        assert!((centre_y - y as f32 - 32.0).abs() < 4.0, "{centre_y} for {y}");
    }
}
