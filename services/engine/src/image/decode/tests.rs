//! Small files that would become large in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use super::*;

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A black picture with one more chunk behind its header.
fn png_with(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(&[0; 48], 4, 4, ExtendedColorType::Rgb8).unwrap();
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(data);
    let len = u32::try_from(data.len()).unwrap().to_be_bytes();
    let chunk = [len.as_slice(), name, data, &crc.sum().to_be_bytes()].concat();
    bytes.splice(33..33, chunk);
    bytes
}

fn png_with_profile(profile: &[u8]) -> Vec<u8> {
    png_with(b"iCCP", &[b"profile\0\0".as_slice(), &deflate(profile)].concat())
}

/// F5: a profile that unpacks to more than the limit is not unpacked; an ordinary one is read.
#[test]
fn a_colour_profile_is_unpacked_within_the_limit_only() {
    let ordinary = vec![5; 700_000];
    let bytes = png_with_profile(&ordinary);
    let mut decodable = inspect(&bytes).unwrap();
    assert_eq!(decodable.decoder.icc_profile().unwrap(), Some(ordinary));
    assert_eq!(decodable.decode().unwrap().width(), 4);

    let bomb = png_with_profile(&vec![0; 20 * 1024 * 1024]);
    assert!(bomb.len() < 64 * 1024, "{}", bomb.len());
    let mut decodable = inspect(&bomb).unwrap();
    assert_eq!(decodable.decoder.icc_profile().unwrap(), None);
    assert_eq!(decodable.decode().unwrap().width(), 4);
}

/// F5: compressed texts are kept as they come.
#[test]
fn compressed_texts_are_not_unpacked() {
    let text = deflate(&vec![b'a'; 20 * 1024 * 1024]);
    for (name, head) in [(b"zTXt", b"key\0\0".as_slice()), (b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0")] {
        let bytes = png_with(name, &[head, &text].concat());
        assert_eq!(inspect(&bytes).unwrap().decode().unwrap().width(), 4);
    }
}

/// F5: metadata that are large as they come are refused at the limit.
#[test]
fn metadata_above_the_limit_make_a_picture_undecodable() {
    let bytes = png_with(b"eXIf", &vec![0; 18 * 1024 * 1024]);
    assert!(matches!(inspect(&bytes), Err(EngineError::UndecodableImage { .. })));
}

#[test]
fn a_png_without_a_header_is_undecodable() {
    let mut bytes = png_with(b"tEXt", b"key\0value");
    bytes[12..16].copy_from_slice(b"tIME");
    assert!(matches!(inspect(&bytes), Err(EngineError::UndecodableImage { .. })));
}

/// F5: one row of fifty million pixels would have to be held besides the picture.
#[test]
fn sides_beyond_what_a_jpeg_has_are_refused() {
    let mut bytes = png_with(b"tEXt", b"key\0value");
    bytes[16..20].copy_from_slice(&65_536_u32.to_be_bytes());
    match inspect(&bytes).map(|_| ()) {
        Err(EngineError::UndecodableImage { detail }) => assert!(detail.contains("65535"), "{detail}"),
        other => panic!("{other:?}"),
    }
}

/// A lossless WebP picture of zeros: its header is right, its data are none.
fn webp(width: u32, height: u32, len: usize) -> Vec<u8> {
    let mut data = vec![0; len];
    data[0] = 0x2F;
    data[1..5].copy_from_slice(&((width - 1) | (height - 1) << 14).to_le_bytes());
    let len = u32::try_from(len).unwrap().to_le_bytes();
    [b"RIFF\0\0\0\0WEBPVP8L".as_slice(), &len, &data].concat()
}

/// F5: code tables cost a hundred times the bytes they are written in, and need no pixels.
#[test]
fn lossless_data_without_pixels_to_match_are_undecodable() {
    assert!(inspect(&webp(1, 1, 65_540)).is_ok());
    for (width, height, len) in [(1, 1, 65_542), (100, 100, 115_538)] {
        let answer = inspect(&webp(width, height, len)).map(|_| ());
        assert!(
            matches!(answer, Err(EngineError::UndecodableImage { .. })),
            "{width} x {height}: {answer:?}"
        );
    }
}

/// F5: what may cost much memory is counted as if it did.
#[test]
fn lossless_data_weigh_what_their_tables_could() {
    let small = webp(1_000, 1_000, 5_000);
    assert_eq!(inspect(&small).unwrap().cost_px(), 3_000_000);
    let large = webp(1_000, 1_000, 3_000_000);
    assert_eq!(inspect(&large).unwrap().cost_px(), 512_000_000);
}
