//! K5: documents are read as they were drawn, however they lie, and what cannot be read is said so.
//!
//! How exactly many documents are read is measured by the example `documents`; its figures stand in docs/document-accuracy.md.

use std::sync::{LazyLock, OnceLock};

use image::{DynamicImage, Rgb, RgbImage, imageops};
use prosopa_contract::engine::{
    CalendarDate, Engine, EngineError, MachineReadableZone, Point, ReadDocumentRequest, ReadDocumentResponse,
    ZoneCheck, ZoneFieldName, ZoneFormat,
};
use prosopa_testkit::papers::{
    degrade::{Photo, Span, photograph},
    draw::{Document, Field, Role, Truth, draw, frame_face},
    font::Fonts,
    geometry::{Quad, Rect},
    person::{Date, Identity, Kind},
};

use crate::support::{decode_asset, encode, open_engine, shared_engine};

const TODAY: Date = Date::new(2026, 6, 1);

fn documents(kind: Kind, seed: u64) -> Vec<Document> {
    static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::from_environment().unwrap());
    static PORTRAIT: OnceLock<RgbImage> = OnceLock::new();
    let portrait = PORTRAIT.get_or_init(|| {
        let face = Rect { x0: 210.0, y0: 48.0, x1: 346.0, y1: 238.0 };
        frame_face(&decode_asset("portrait_a1.png"), face)
    });
    draw(&Identity::random(kind, TODAY, seed), portrait, &FONTS, seed)
}

/// The side with the zone, well photographed.
fn photo(kind: Kind, seed: u64) -> Photo {
    let document = documents(kind, seed).pop().unwrap();
    photograph(&document, &Span::clean(), seed).unwrap()
}

fn request(image: Vec<u8>) -> ReadDocumentRequest {
    ReadDocumentRequest {
        image: image.into(),
        today: Some(CalendarDate { year: 2026, month: 6, day: 1 }),
        ..ReadDocumentRequest::default()
    }
}

async fn read(image: Vec<u8>) -> ReadDocumentResponse {
    shared_engine().read_document(request(image)).await.unwrap()
}

async fn read_picture(picture: RgbImage) -> ReadDocumentResponse {
    read(encode(&DynamicImage::ImageRgb8(picture), image::ImageFormat::Png)).await
}

fn zone_texts(answer: &ReadDocumentResponse) -> Vec<&str> {
    answer.zone.iter().flat_map(|zone| &zone.lines).map(|line| line.text.as_str()).collect()
}

fn true_texts(truth: &Truth) -> Vec<&str> {
    truth.mrz_lines().map(|line| line.text.as_str()).collect()
}

fn value(zone: &MachineReadableZone, name: ZoneFieldName) -> Option<&str> {
    zone.fields.iter().find(|field| field.name() == name).and_then(|field| field.value.as_deref())
}

/// Largest distance between corners, pixels.
fn distance(corners: &[Point], outline: &Quad) -> f32 {
    assert_eq!(corners.len(), 4);
    let pairs = corners.iter().zip(&outline.0);
    pairs.map(|(one, other)| (one.x - other.x).hypot(one.y - other.y)).fold(0.0, f32::max)
}

#[tokio::test]
async fn a_passport_is_read_with_its_fields_and_portrait() {
    let photo = photo(Kind::Td3, 4);
    let answer = shared_engine()
        .read_document(ReadDocumentRequest { with_portrait: true, ..request(photo.jpeg.clone()) })
        .await
        .unwrap();
    assert_eq!(zone_texts(&answer), true_texts(&photo.truth));
    assert_eq!((answer.zone_count, answer.rotation_degrees), (1, 0));
    let zone = answer.zone.as_ref().unwrap();
    assert_eq!(zone.format(), ZoneFormat::Td3);
    assert!(zone.is_valid && zone.problems.is_empty() && zone.repairs.is_empty());
    assert_eq!((zone.is_composite_right, zone.is_expired), (Some(true), Some(false)));

    let identity = &photo.truth.identity;
    assert_eq!(value(zone, ZoneFieldName::DocumentNumber), Some(identity.number.as_str()));
    assert_eq!(value(zone, ZoneFieldName::DocumentCode), Some("P"));
    assert_eq!(
        value(zone, ZoneFieldName::Surname).map(|name| name.replace(' ', "<")).as_deref(),
        Some(identity.surname.mrz.as_str())
    );
    let number = zone.fields.iter().find(|field| field.name() == ZoneFieldName::DocumentNumber).unwrap();
    assert_eq!(number.check(), ZoneCheck::Right);
    assert!(number.confidence > 0.5 && !number.is_repaired);

    // The number stands in the first nine of the 44 places of the second line.
    let line = &photo.truth.mrz_lines().nth(1).unwrap().outline;
    let [upper_left, upper_right, lower_right, lower_left] = line.0;
    let along = |from: prosopa_testkit::papers::geometry::Point,
                 to: prosopa_testkit::papers::geometry::Point| {
        prosopa_testkit::papers::geometry::Point {
            x: from.x + (to.x - from.x) * 9.0 / 44.0,
            y: from.y + (to.y - from.y) * 9.0 / 44.0,
        }
    };
    let outline =
        Quad([upper_left, along(upper_left, upper_right), along(lower_left, lower_right), lower_left]);
    assert!(distance(&number.corners, &outline) < 20.0, "{:?}, {outline:?}", number.corners);

    let portrait = answer.portrait.unwrap();
    let (bounds, frame) = (portrait.r#box.unwrap(), photo.truth.portrait.unwrap().bounds());
    assert!(bounds.x0 > frame.x0 - 5.0 && bounds.x1 < frame.x1 + 5.0, "{bounds:?}, {frame:?}");
    assert!(bounds.y0 > frame.y0 - 5.0 && bounds.y1 < frame.y1 + 5.0, "{bounds:?}, {frame:?}");
    assert_eq!(portrait.embedding.len(), 128);
    let timings = answer.timings.unwrap();
    assert!(timings.device_us > timings.detect_us / 2 && timings.portrait_us > 0 && timings.zone_us > 0);
}

#[tokio::test]
async fn a_card_is_read_from_its_back_and_its_front_has_no_zone() {
    let [front, back] = &documents(Kind::Td1, 6)[..] else { panic!("two sides") };
    let back = photograph(back, &Span::clean(), 6).unwrap();
    let answer = read(back.jpeg).await;
    assert_eq!(zone_texts(&answer), true_texts(&back.truth));
    assert_eq!(answer.zone.as_ref().map(MachineReadableZone::format), Some(ZoneFormat::Td1));

    let front = photograph(front, &Span::clean(), 6).unwrap();
    let answer = read(front.jpeg).await;
    assert_eq!((answer.zone, answer.zone_count), (None, 0));
    let truth = front.truth.lines.iter().find(|line| line.role == Role::Value(Field::Surname)).unwrap();
    // The recogniser knows no accents.
    let is_surname = |text: &str| {
        let mut pairs = text.chars().zip(truth.text.chars());
        text.chars().count() == truth.text.chars().count()
            && pairs.all(|(read, printed)| !printed.is_ascii() || read.eq_ignore_ascii_case(&printed))
    };
    let line = answer.lines.iter().find(|line| is_surname(&line.text));
    let line = line.unwrap_or_else(|| panic!("{} is not among the lines", truth.text));
    assert!(line.confidence > 0.8 && distance(&line.corners, &truth.outline) < 20.0);
}

/// Bad input: on its side and on its head. The portrait is found where it is.
#[tokio::test]
async fn however_a_document_lies_it_is_read() {
    let photo = photo(Kind::Td3, 8);
    let frame = photo.truth.portrait.unwrap().bounds();
    let (width, height) = (photo.picture.width() as f32, photo.picture.height() as f32);
    type Place = fn(f32, f32, f32, f32) -> (f32, f32);
    let cases: [(RgbImage, u32, Place); 3] = [
        (imageops::rotate180(&photo.picture), 180, |x, y, width, height| (width - x, height - y)),
        (imageops::rotate90(&photo.picture), 270, |x, y, _, height| (height - y, x)),
        (imageops::rotate270(&photo.picture), 90, |x, y, width, _| (y, width - x)),
    ];
    for (picture, degrees, place) in cases {
        let bytes = encode(&DynamicImage::ImageRgb8(picture), image::ImageFormat::Png);
        let wanted = ReadDocumentRequest { with_portrait: true, ..request(bytes) };
        let answer = shared_engine().read_document(wanted).await.unwrap();
        assert_eq!(zone_texts(&answer), true_texts(&photo.truth), "{degrees}");
        assert_eq!(answer.rotation_degrees, degrees);
        let bounds = answer.portrait.unwrap().r#box.unwrap();
        let centre = ((bounds.x0 + bounds.x1) / 2.0, (bounds.y0 + bounds.y1) / 2.0);
        let wanted = place((frame.x0 + frame.x1) / 2.0, (frame.y0 + frame.y1) / 2.0, width, height);
        let apart = (centre.0 - wanted.0).hypot(centre.1 - wanted.1);
        assert!(apart < frame.width() / 3.0, "{degrees}: {centre:?}, {wanted:?}");
    }
}

/// Bad input: a mirrored picture has no zone, and none is made up.
#[tokio::test]
async fn a_mirrored_document_has_no_valid_zone() {
    let photo = photo(Kind::Td3, 10);
    let answer = read_picture(imageops::flip_horizontal(&photo.picture)).await;
    assert!(!answer.zone.is_some_and(|zone| zone.is_valid));
}

/// Bad input: two documents in one picture are counted.
#[tokio::test]
async fn two_documents_in_one_picture_are_two_zones() {
    let (one, other) = (photo(Kind::Td3, 12), photo(Kind::Td3, 14));
    let width = one.picture.width().max(other.picture.width());
    let mut both =
        RgbImage::from_pixel(width, one.picture.height() + other.picture.height(), Rgb([120, 110, 100]));
    imageops::replace(&mut both, &one.picture, 0, 0);
    imageops::replace(&mut both, &other.picture, 0, i64::from(one.picture.height()));
    assert_eq!(read_picture(both).await.zone_count, 2);
}

#[tokio::test]
async fn a_picture_without_text_has_no_lines() {
    let answer = read_picture(RgbImage::from_pixel(300, 200, Rgb([90, 120, 150]))).await;
    assert!(answer.lines.is_empty() && answer.zone.is_none() && answer.portrait.is_none());
    let tiny = read_picture(RgbImage::from_pixel(1, 1, Rgb([0, 0, 0]))).await;
    assert!(tiny.lines.is_empty());
}

#[tokio::test]
async fn a_request_needs_a_day_and_a_picture() {
    let engine = shared_engine();
    for day in [None, Some(CalendarDate { year: 2026, month: 2, day: 30 })] {
        let asked = ReadDocumentRequest { today: day, ..request(vec![1]) };
        let refused = engine.read_document(asked).await.unwrap_err();
        assert!(matches!(refused, EngineError::InvalidArgument { .. }), "{refused:?}");
    }
    assert_eq!(engine.read_document(request(Vec::new())).await.unwrap_err(), EngineError::EmptyImage);
    let refused = engine.read_document(request(b"GIF89a".to_vec())).await.unwrap_err();
    assert_eq!(refused, EngineError::UnsupportedFormat);
}

/// N4: documents wait in the same bounded queue as faces.
#[tokio::test]
async fn documents_beyond_the_queue_are_refused() {
    let engine = open_engine(|config| {
        config.workers = 1;
        config.queue_len_max = 1;
    });
    let picture = photo(Kind::Td1, 16).jpeg;
    let asked = (0..5).map(|_| engine.read_document(request(picture.clone())));
    let answers = futures::future::join_all(asked).await;
    let refused =
        answers.iter().filter(|answer| matches!(answer, Err(EngineError::Overloaded { .. }))).count();
    assert!((1..5).contains(&refused), "{refused} refused");
}
