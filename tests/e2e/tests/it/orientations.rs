use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use std::io::Cursor;

use prosopa_harness::{Product, photo};

/// F4: all eight orientations of EXIF give the faces of the upright picture.
#[tokio::test]
async fn every_orientation_gives_the_upright_face() {
    let product = Product::start().await;
    let user = product.user().await;
    let upright = image::load_from_memory(&photo()).unwrap().crop_imm(100, 0, 300, 260).to_rgb8();
    let expected = faces(&user.detect(jpeg(&upright, 1), "image/jpeg").await.json());
    assert_eq!(expected.len(), 1);
    for orientation in 2..=8 {
        let stored = undo(&upright, orientation);
        let answer = user.detect(jpeg(&stored, orientation), "image/jpeg").await;
        let json = answer.json();
        let size = (&json["image"]["width"], &json["image"]["height"]);
        assert_eq!(size, (&300.into(), &260.into()), "orientation {orientation}: {json}");
        let found = faces(&json);
        assert_eq!(found.len(), 1, "orientation {orientation}");
        for (value, expected) in found[0].iter().zip(&expected[0]) {
            // Recompression in another direction moves a box by a little.
            assert!((value - expected).abs() < 4.0, "orientation {orientation}: {found:?} {expected:?}");
        }
    }
}

fn faces(detection: &serde_json::Value) -> Vec<[f64; 4]> {
    let faces = detection["faces"].as_array().unwrap();
    let side = |face: &serde_json::Value, name: &str| face["box"][name].as_f64().unwrap();
    faces.iter().map(|face| ["x", "y", "width", "height"].map(|name| side(face, name))).collect()
}

/// The pixels that a camera stores so that its orientation tag makes them upright (EXIF 2.32, tag 0x0112).
fn undo(upright: &RgbImage, orientation: u8) -> RgbImage {
    match orientation {
        2 => imageops::flip_horizontal(upright),
        3 => imageops::rotate180(upright),
        4 => imageops::flip_vertical(upright),
        5 => imageops::flip_horizontal(&imageops::rotate90(upright)),
        6 => imageops::rotate270(upright),
        7 => imageops::flip_horizontal(&imageops::rotate270(upright)),
        8 => imageops::rotate90(upright),
        _ => upright.clone(),
    }
}

/// A JPEG with an EXIF segment that holds nothing but the orientation.
fn jpeg(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone()).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    let bytes = bytes.into_inner();
    let mut segment = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(segment.len() + 2).unwrap();
    let mut with_exif = vec![0xff, 0xd8, 0xff, 0xe1];
    with_exif.extend(length.to_be_bytes());
    with_exif.extend(segment);
    with_exif.extend(&bytes[2..]);
    with_exif
}
