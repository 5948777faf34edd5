use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageFormat as Encoding, ImageReader};
use proptest::prelude::*;
use std::io::Cursor;

use super::*;

const SECRET: &[u8] = b"N 48.8584 E 2.2945 serial 4711";

fn pixels() -> DynamicImage {
    let gradient = |x: u32, y: u32| image::Rgb([(x * 5) as u8, (y * 7) as u8, (x + y) as u8]);
    DynamicImage::ImageRgb8(image::RgbImage::from_fn(48, 32, gradient))
}

/// An Exif with an orientation and secrets beside it, in big-endian.
fn exif_with(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x02\x01\x0e\0\x02".to_vec();
    tiff.extend(u32::try_from(SECRET.len()).unwrap().to_be_bytes());
    tiff.extend([0, 0, 0, 38, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
    tiff.extend(SECRET);
    tiff
}

fn jpeg_with(orientation: u8) -> Vec<u8> {
    let mut plain = Vec::new();
    pixels().write_to(&mut Cursor::new(&mut plain), Encoding::Jpeg).unwrap();
    let segment = |marker: u8, content: &[u8]| {
        let len = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], len.as_slice(), content].concat()
    };
    let exif = [b"Exif\0\0".to_vec(), exif_with(orientation)].concat();
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), SECRET].concat();
    let extra = [segment(0xe1, &exif), segment(0xe1, &xmp), segment(0xed, SECRET), segment(0xfe, SECRET)];
    [&plain[..2], &extra.concat(), &plain[2..], SECRET].concat()
}

fn png_with(orientation: u8) -> Vec<u8> {
    let mut plain = Vec::new();
    pixels().write_to(&mut Cursor::new(&mut plain), Encoding::Png).unwrap();
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let body = [kind.as_slice(), content].concat();
        let len = u32::try_from(content.len()).unwrap().to_be_bytes();
        [len.as_slice(), &body, &crc32fast::hash(&body).to_be_bytes()].concat()
    };
    let text = [b"Comment\0".as_slice(), SECRET].concat();
    let extra = [chunk(b"eXIf", &exif_with(orientation)), chunk(b"tEXt", &text), chunk(b"tIME", &[7; 7])];
    // Behind the signature and the header.
    [&plain[..33], &extra.concat(), &plain[33..], SECRET].concat()
}

fn webp_with(orientation: u8) -> Vec<u8> {
    let mut picture = Vec::new();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut picture);
    encoder.set_exif_metadata(exif_with(orientation)).unwrap();
    encoder.set_icc_profile(b"a profile of colours".to_vec()).unwrap();
    let rgb = pixels().to_rgb8();
    encoder.write_image(&rgb, 48, 32, image::ExtendedColorType::Rgb8).unwrap();
    let xmp = [b"XMP \x1e\0\0\0".as_slice(), SECRET].concat();
    picture.extend(xmp);
    let size = u32::try_from(picture.len() - 8).unwrap();
    picture[4..8].copy_from_slice(&size.to_le_bytes());
    picture
}

fn read(picture: &[u8]) -> (DynamicImage, u8) {
    let reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().unwrap();
    let mut decoder = reader.into_decoder().unwrap();
    let orientation = decoder.orientation().unwrap().to_exif();
    (DynamicImage::from_decoder(decoder).unwrap(), orientation)
}

fn holds_secret(picture: &[u8]) -> bool {
    picture.windows(SECRET.len()).any(|window| window == SECRET)
}

type Make = fn(u8) -> Vec<u8>;

/// N7: nothing beside the pixels survives, the pixels and the way up do, in every format.
#[test]
fn metadata_goes_and_pixels_stay() {
    let makers: [(&str, Make); 3] = [("jpeg", jpeg_with), ("png", png_with), ("webp", webp_with)];
    for (name, make) in makers {
        for orientation in 1..=8 {
            let picture = Bytes::from(make(orientation));
            assert!(holds_secret(&picture), "{name}");
            let stripped = strip(&picture);
            assert!(!holds_secret(&stripped), "{name} {orientation}");
            assert!(!stripped.windows(4).any(|window| window == b"4711"), "{name} {orientation}");
            assert_eq!(read(&stripped), read(&picture), "{name} {orientation}");
            assert_eq!(strip(&stripped), stripped, "{name}: once is enough");
            assert!(stripped.len() < picture.len());
        }
    }
}

/// What has no metadata is kept to the byte.
#[test]
fn a_bare_picture_is_kept_as_it_is() {
    for encoding in [Encoding::Jpeg, Encoding::Png, Encoding::WebP] {
        let mut picture = Vec::new();
        pixels().write_to(&mut Cursor::new(&mut picture), encoding).unwrap();
        let picture = Bytes::from(picture);
        assert_eq!(strip(&picture), picture, "{encoding:?}");
    }
    let photo = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/astronaut.png")).unwrap();
    assert_eq!(read(&strip(&photo.clone().into())), read(&photo));
}

/// Colours stay as they were meant.
#[test]
fn the_colour_profile_stays() {
    let stripped = strip(&webp_with(6).into());
    let reader = ImageReader::new(Cursor::new(&stripped)).with_guessed_format().unwrap();
    let profile = reader.into_decoder().unwrap().icc_profile().unwrap();
    assert_eq!(profile.as_deref(), Some(b"a profile of colours".as_slice()));
}

proptest! {
    /// Lying pictures: no panic, no growth beyond the one Exif, and whatever can be decoded still can.
    #[test]
    fn torn_and_changed_pictures_do_no_harm(
        kind in 0_usize..3,
        cut in 0_usize..4_000,
        changes in prop::collection::vec((0_usize..4_000, any::<u8>()), 0..6),
    ) {
        let mut picture = [jpeg_with, png_with, webp_with][kind](6);
        for (at, byte) in changes {
            let at = at % picture.len();
            picture[at] = byte;
        }
        picture.truncate(cut.max(12));
        let stripped = strip(&Bytes::from(picture.clone()));
        prop_assert!(stripped.len() <= picture.len() + 64);
        prop_assert_eq!(&strip(&stripped), &stripped);
    }

    #[test]
    fn any_bytes_do_no_harm(tail in prop::collection::vec(any::<u8>(), 0..600), kind in 0_usize..3) {
        let heads: [&[u8]; 3] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"];
        let picture = Bytes::from([heads[kind], &tail].concat());
        prop_assert!(strip(&picture).len() <= picture.len() + 64);
    }
}
