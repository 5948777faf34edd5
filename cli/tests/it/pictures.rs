//! Pictures made for tests, and what a server says of them.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageEncoder as _, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::fake::Reply;

/// A grey JPEG.
pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    oriented_jpeg(width, height, 1)
}

/// A grey JPEG with an EXIF orientation.
pub(crate) fn oriented_jpeg(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    // A TIFF header and one directory entry: tag 0x0112, a short, one of it.
    let exif =
        [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0, 0]];
    encoder.set_exif_metadata(exif.concat()).unwrap();
    encoder.encode_image(&grey(width, height)).unwrap();
    bytes
}

/// A grey PNG.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    grey(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn grey(width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb([128, 128, 128]))
}

/// Id of the `number`-th result.
pub(crate) fn detection_id(number: u32) -> String {
    format!("det_{number:026}")
}

/// A result with so many faces, 40 pixels apart.
pub(crate) fn detection(number: u32, face_count: u32) -> Value {
    let face = |index: u32| {
        let x = 20 + 40 * index;
        json!({
            "box": { "x": x, "y": 20.25, "width": 30, "height": 36.5 },
            "box_normalized": { "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1 },
            "confidence": 0.9987, "landmarks5": [{ "x": x + 15, "y": 40 }], "landmarks68": [{ "x": x + 5, "y": 50 }],
            "roll_degrees": -3.25, "quality": { "sharpness": 0.5, "brightness": 0.25, "face_px": 30 },
        })
    };
    json!({
        "id": detection_id(number), "created_at": "2026-01-02T03:04:05.000006Z", "image": image(number),
        "faces": (0..face_count).map(face).collect::<Vec<_>>(), "face_count": face_count,
        "model_digest": "sha256:abc", "timings": { "total_us": 1234 },
    })
}

/// A stored picture.
pub(crate) fn image(number: u32) -> Value {
    json!({ "id": format!("img_{number:026}"), "sha256": "00ff", "width": 200, "height": 100, "format": "jpeg", "bytes": 999 })
}

/// The answer to a picture that was sent.
pub(crate) fn created(number: u32, face_count: u32) -> Reply {
    Reply::json(201, &detection(number, face_count))
}

/// The refusal of a picture.
pub(crate) fn undecodable() -> Reply {
    Reply::problem(422, "image-undecodable", "The picture cannot be decoded", json!({}))
}
