//! F4: the EXIF orientation tag is honoured, for all eight values and in all three encodings.

use image::{DynamicImage, ImageEncoder, ImageFormat, metadata::Orientation};

use crate::support::{analyze, box_difference, decode_asset, encode};

/// A TIFF header, one directory, one entry: tag 0x0112, type SHORT, one value.
fn exif(tag: u16) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    bytes.extend(tag.to_le_bytes());
    bytes.extend([0; 6]);
    bytes
}

/// Stores `upright` so that applying the tag brings it back.
fn store(upright: &DynamicImage, tag: u16) -> DynamicImage {
    let inverse = match Orientation::from_exif(u8::try_from(tag).unwrap()).unwrap() {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        own => own,
    };
    let mut stored = upright.clone();
    stored.apply_orientation(inverse);
    stored
}

fn jpeg(picture: &DynamicImage, tag: u16) -> Vec<u8> {
    let plain = encode(picture, ImageFormat::Jpeg);
    let segment = [b"Exif\0\0".as_slice(), &exif(tag)].concat();
    let len = u16::try_from(segment.len() + 2).unwrap();
    [&plain[..2], &[0xFF, 0xE1], &len.to_be_bytes(), &segment, &plain[2..]].concat()
}

fn png(picture: &DynamicImage, tag: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif(tag)).unwrap();
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

fn webp(picture: &DynamicImage, tag: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut bytes);
    encoder.set_exif_metadata(exif(tag)).unwrap();
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

#[tokio::test]
async fn all_eight_orientations_show_the_same_face() {
    // Not square, so that a forgotten swap of width and height shows.
    let picture = image::imageops::crop_imm(&decode_asset("astronaut.png"), 60, 0, 300, 400).to_image();
    let upright = DynamicImage::ImageRgb8(picture);
    type Encode = fn(&DynamicImage, u16) -> Vec<u8>;
    let encoders: [(&str, Encode, f32); 3] =
        [("JPEG", jpeg, 4.0), ("PNG", png, 0.001), ("WebP", webp, 0.001)];
    for (name, encode_with, limit_px) in encoders {
        let reference = analyze(encode_with(&upright, 1)).await.unwrap();
        assert_eq!(reference.faces.len(), 1, "{name}");
        for tag in 2..=8 {
            let answer = analyze(encode_with(&store(&upright, tag), tag)).await.unwrap();
            let image = answer.image.unwrap();
            assert_eq!((image.width, image.height), (300, 400), "{name}, tag {tag}");
            assert_eq!(answer.faces.len(), 1, "{name}, tag {tag}");
            let off = box_difference(&answer.faces[0], &reference.faces[0]);
            assert!(off <= limit_px, "{name}, tag {tag}: off by {off} px");
        }
    }
}

/// A tag that says nothing known leaves the picture as it is.
#[tokio::test]
async fn unknown_tags_are_ignored() {
    let picture = DynamicImage::ImageRgb8(image::RgbImage::new(40, 30));
    for tag in [0, 9, 65_535] {
        let image = analyze(jpeg(&picture, tag)).await.unwrap().image.unwrap();
        assert_eq!((image.width, image.height), (40, 30), "tag {tag}");
    }
}
