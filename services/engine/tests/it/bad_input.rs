//! F5: every bad input has its own error, and costs nothing it need not cost.

use image::{DynamicImage, ImageFormat, RgbImage};
use prosopa_contract::engine::{AnalyzeFacesRequest, Engine, EngineError, IMAGE_BYTES_MAX, IMAGE_PIXELS_MAX};

use crate::support::{analyze, asset, encode, request, shared_engine};

const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

/// A picture with enough detail that half of its file is not all of it.
fn detailed() -> DynamicImage {
    let pixel = |x: u32, y: u32| image::Rgb([(x * y % 251) as u8, (x * 7 + y * 13) as u8, (x ^ y) as u8]);
    DynamicImage::ImageRgb8(RgbImage::from_fn(64, 48, pixel))
}

#[tokio::test]
async fn no_bytes_are_an_empty_image() {
    assert_eq!(analyze([]).await, Err(EngineError::EmptyImage));
}

#[tokio::test]
async fn more_than_twenty_mebibytes_are_refused() {
    let mut bytes = asset("astronaut.png");
    bytes.resize(IMAGE_BYTES_MAX + 1, 0);
    assert_eq!(analyze(bytes).await, Err(EngineError::TooManyBytes { bytes_max: IMAGE_BYTES_MAX as u64 }));
}

#[tokio::test]
async fn what_is_no_jpeg_png_or_webp_is_unsupported() {
    let others: [&[u8]; 7] = [
        b"GIF89a\x01\0\x01\0",
        b"BM\x46\0\0\0",
        b"%PDF-1.7",
        b"hello",
        b"\0",
        b"\xff\xd8",
        b"RIFF\x04\0\0\0WAVE",
    ];
    for bytes in others {
        assert_eq!(analyze(bytes).await, Err(EngineError::UnsupportedFormat), "{bytes:?}");
    }
}

/// A picture cut short is an error in every encoding, also where the decoder would fill in grey.
#[tokio::test]
async fn truncated_pictures_are_undecodable() {
    for format in FORMATS {
        let bytes = encode(&detailed(), format);
        assert!(analyze(bytes.clone()).await.is_ok(), "{format:?}");
        for len in [12, 30, bytes.len() / 4, bytes.len() / 2, bytes.len() * 9 / 10] {
            let answer = analyze(&bytes[..len]).await;
            assert!(
                matches!(answer, Err(EngineError::UndecodableImage { .. })),
                "{format:?}, {len}: {answer:?}"
            );
        }
    }
    let bytes = asset("progressive.jpg");
    let answer = analyze(&bytes[..bytes.len() / 2]).await;
    assert!(matches!(answer, Err(EngineError::UndecodableImage { .. })), "{answer:?}");
}

#[tokio::test]
async fn damaged_pixel_data_are_undecodable() {
    let mut bytes = encode(&detailed(), ImageFormat::Png);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xFF;
    assert!(matches!(analyze(bytes).await, Err(EngineError::UndecodableImage { .. })));
}

#[tokio::test]
async fn animations_are_refused() {
    for name in ["animated.png", "animated.webp"] {
        assert_eq!(analyze(asset(name)).await, Err(EngineError::AnimatedImage), "{name}");
    }
}

/// A header that promises too much is refused by what it says, before any pixel is made.
#[tokio::test]
async fn header_bombs_are_refused_by_their_header() {
    let mut png = encode(&detailed(), ImageFormat::Png);
    png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let mut jpeg = encode(&detailed(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&60_000_u16.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&60_000_u16.to_be_bytes());
    for bytes in [png, jpeg] {
        let expected =
            EngineError::TooManyPixels { width: 60_000, height: 60_000, pixels_max: IMAGE_PIXELS_MAX };
        assert_eq!(analyze(bytes).await, Err(expected));
    }
    let mut webp = encode(&detailed(), ImageFormat::WebP);
    // A lossless picture: 14 bits of width and of height, each less one, behind the signature byte 0x2F.
    let header = webp.windows(4).position(|four| four == b"VP8L").unwrap() + 9;
    webp[header..header + 4].copy_from_slice(&((9_999_u32 << 14) | 9_999).to_le_bytes());
    let expected = EngineError::TooManyPixels { width: 10_000, height: 10_000, pixels_max: IMAGE_PIXELS_MAX };
    assert_eq!(analyze(webp).await, Err(expected));
}

#[tokio::test]
async fn parameters_out_of_range_are_named() {
    type Change = fn(&mut AnalyzeFacesRequest);
    let changes: [(&str, Change); 5] = [
        ("min_face_px", |request| request.min_face_px = Some(11)),
        ("min_face_px", |request| request.min_face_px = Some(4097)),
        ("max_faces", |request| request.max_faces = Some(0)),
        ("max_faces", |request| request.max_faces = Some(1001)),
        ("account_id", |request| request.account_id = "x".repeat(129)),
    ];
    for (name, change) in changes {
        let mut request = request(asset("animated.png"));
        change(&mut request);
        match shared_engine().analyze_faces(request).await {
            Err(EngineError::InvalidArgument { detail }) => assert!(detail.starts_with(name), "{detail}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
