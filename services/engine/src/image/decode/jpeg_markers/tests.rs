//! Marker walks over real and made-up files.

#![allow(clippy::unwrap_used, reason = "tests")]

use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

use super::*;

fn encode() -> Vec<u8> {
    let pixels: Vec<u8> = (0..40 * 30 * 3).map(|index| (index * index % 253) as u8).collect();
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode(&pixels, 40, 30, ExtendedColorType::Rgb8).unwrap();
    bytes
}

/// F5: cut anywhere, a picture is truncated.
#[test]
fn every_prefix_is_truncated() {
    let bytes = encode();
    assert_eq!(Markers::read(&bytes), Ok(Markers { is_progressive: false }));
    for len in 0..bytes.len() {
        assert_eq!(Markers::read(&bytes[..len]), Err(Truncated), "{len} of {}", bytes.len());
    }
}

#[test]
fn what_follows_the_picture_does_not_matter() {
    let mut bytes = encode();
    bytes.extend([1, 2, 3]);
    assert!(Markers::read(&bytes).is_ok());
}

/// F5: a thumbnail inside a segment has an end marker of its own, which is not the picture's.
#[test]
fn an_embedded_thumbnail_does_not_end_the_picture() {
    let thumbnail = encode();
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1];
    bytes.extend(u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes());
    bytes.extend(&thumbnail);
    assert_eq!(Markers::read(&bytes), Err(Truncated));
    bytes.extend(&encode()[2..]);
    assert!(Markers::read(&bytes).is_ok());
}

#[test]
fn a_progressive_frame_is_told() {
    let mut bytes = encode();
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 1] = 0xC2;
    assert_eq!(Markers::read(&bytes), Ok(Markers { is_progressive: true }));
}
