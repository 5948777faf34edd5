use exif::{Rational, experimental::Writer};
use proptest::prelude::*;

use super::*;

fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

fn ascii_field(tag: Tag, text: &str) -> Field {
    field(tag, Value::Ascii(vec![text.as_bytes().to_vec()]))
}

fn angle(tag: Tag, parts: [(u32, u32); 3]) -> Field {
    field(
        tag,
        Value::Rational(parts.iter().map(|(num, denom)| Rational { num: *num, denom: *denom }).collect()),
    )
}

/// A JPEG's beginning with this Exif; nothing behind it is read.
fn jpeg_with(fields: &[Field]) -> Vec<u8> {
    let (mut writer, mut tiff) = (Writer::new(), Cursor::new(Vec::new()));
    fields.iter().for_each(|field| writer.push_field(field));
    writer.write(&mut tiff, false).unwrap();
    let content = [b"Exif\0\0".as_slice(), &tiff.into_inner()].concat();
    let len = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [b"\xff\xd8\xff\xe1".as_slice(), &len, &content, b"\xff\xd9"].concat()
}

fn paris() -> Vec<Field> {
    vec![
        ascii_field(Tag::Make, "Prosopa"),
        ascii_field(Tag::Model, "One"),
        ascii_field(Tag::Software, "\x1b[2Jdarkroom \n"),
        ascii_field(Tag::LensModel, "50 mm"),
        ascii_field(Tag::DateTimeOriginal, "2026:01:31 12:00:05"),
        ascii_field(Tag::OffsetTimeOriginal, "-03:30"),
        angle(Tag::GPSLatitude, [(48, 1), (51, 1), (3024, 100)]),
        ascii_field(Tag::GPSLatitudeRef, "N"),
        angle(Tag::GPSLongitude, [(2, 1), (30, 1), (0, 1)]),
        ascii_field(Tag::GPSLongitudeRef, "W"),
    ]
}

/// K3: what is asked for is read, and the place only if it is asked for by name.
#[test]
fn what_is_asked_for_is_read_and_nothing_else() {
    let picture = jpeg_with(&paris());
    let all = read(&picture, &CaptureField::parse_list("taken_at, camera,lens,software").unwrap());
    let expected = Capture {
        taken_at: Some("2026-01-31T12:00:05-03:30".into()),
        camera: Some("Prosopa One".into()),
        lens: Some("50 mm".into()),
        software: Some("[2Jdarkroom".into()),
        gps: None,
    };
    assert_eq!(all, expected);
    let position = read(&picture, &[CaptureField::Gps]).gps.unwrap();
    assert!((position.latitude - 48.8584).abs() < 1e-9 && (position.longitude + 2.5).abs() < 1e-9);
    assert!(read(&picture, &[]).is_empty());
}

/// K3: what makes no sense is left out.
#[test]
fn nonsense_is_left_out() {
    let all = CaptureField::parse_list("taken_at,camera,lens,software,gps").unwrap();
    let nonsense = [
        ascii_field(Tag::Model, " \0"),
        ascii_field(Tag::DateTimeOriginal, "0000:00:00 00:00:00"),
        angle(Tag::GPSLatitude, [(48, 0), (51, 1), (0, 1)]),
        ascii_field(Tag::GPSLatitudeRef, "N"),
        angle(Tag::GPSLongitude, [(200, 1), (0, 1), (0, 1)]),
        ascii_field(Tag::GPSLongitudeRef, "E"),
    ];
    assert!(read(&jpeg_with(&nonsense), &all).is_empty());
    assert!(read(b"no picture", &all).is_empty());
    let mut without_offset = paris();
    without_offset.retain(|field| field.tag != Tag::OffsetTimeOriginal);
    assert_eq!(read(&jpeg_with(&without_offset), &all).taken_at.as_deref(), Some("2026-01-31T12:00:05"));
}

/// K3: a name that is none is refused, also where it is next to others.
#[test]
fn unknown_names_are_refused() {
    for text in ["", "gps,", "location", "GPS", "gps camera"] {
        assert_eq!(CaptureField::parse_list(text), Err(UnknownField), "{text}");
    }
}

proptest! {
    /// K3: torn and changed pictures do no harm.
    #[test]
    fn lying_pictures_do_no_harm(cut in 0_usize..600, changes in prop::collection::vec((0_usize..600, any::<u8>()), 0..8)) {
        let mut picture = jpeg_with(&paris());
        for (at, byte) in changes {
            let at = at % picture.len();
            picture[at] = byte;
        }
        picture.truncate(cut);
        let all = CaptureField::parse_list("taken_at,camera,lens,software,gps").unwrap();
        let capture = read(&picture, &all);
        for text in [capture.taken_at, capture.camera, capture.lens, capture.software].into_iter().flatten() {
            prop_assert!(text.chars().count() <= 2 * TEXT_CHARS_MAX + 1 && !text.chars().any(char::is_control));
        }
    }
}
