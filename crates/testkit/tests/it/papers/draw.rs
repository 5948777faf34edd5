//! Flat documents and the truth about them.

use image::{Rgb, RgbImage};

use prosopa_testkit::papers::draw::{Field, Role, Side, frame_face};
use prosopa_testkit::papers::geometry::Rect;
use prosopa_testkit::papers::mrz;
use prosopa_testkit::papers::person::Kind;

use super::support::{assert_within, documents, mean};

#[test]
fn the_same_seed_gives_the_same_pixels_and_another_seed_others() {
    let [once, again, other] = [3, 3, 4].map(|seed| documents(Kind::Td3, seed).remove(0));
    assert_eq!(once.picture.as_raw(), again.picture.as_raw());
    assert_eq!(once.truth, again.truth);
    assert_ne!(once.picture.as_raw(), other.picture.as_raw());
}

#[test]
fn a_card_has_two_sides_and_a_passport_one_each_of_its_standard_shape() {
    for (kind, sides, ratio) in [
        (Kind::Td1, vec![Side::Front, Side::Back], 85.6 / 54.0),
        (Kind::Td3, vec![Side::DataPage], 125.0 / 88.0),
    ] {
        let drawn = documents(kind, 11);
        assert_eq!(drawn.iter().map(|one| one.truth.side).collect::<Vec<_>>(), sides);
        for one in drawn {
            let (width, height) = one.picture.dimensions();
            assert!((1000..=1500).contains(&width));
            assert!((f64::from(width) / f64::from(height) - ratio).abs() < 0.003);
        }
    }
}

#[test]
fn every_outline_lies_within_the_picture_and_values_do_not_overlap() {
    for seed in 0..20 {
        let kind = if seed % 2 == 0 { Kind::Td1 } else { Kind::Td3 };
        for document in documents(kind, seed) {
            let lines = &document.truth.lines;
            for (index, line) in lines.iter().enumerate() {
                assert_within(&line.outline, &document.picture, &format!("seed {seed}: {}", line.text));
                for other in &lines[index + 1..] {
                    let (a, b) = (line.outline.bounds(), other.outline.bounds());
                    let (wide, high) = (a.x1.min(b.x1) - a.x0.max(b.x0), a.y1.min(b.y1) - a.y0.max(b.y0));
                    assert!(wide <= 0.0 || high <= 3.0, "seed {seed}: {} over {}", line.text, other.text);
                }
            }
        }
    }
}

#[test]
fn the_truth_holds_what_was_drawn() {
    for seed in 0..6 {
        for kind in [Kind::Td1, Kind::Td3] {
            for document in documents(kind, seed) {
                let truth = &document.truth;
                assert_eq!(truth.mrz, mrz::lines(&truth.identity));
                let zone: Vec<_> = truth.mrz_lines().map(|line| line.text.clone()).collect();
                assert_eq!(zone, if truth.side == Side::Front { Vec::new() } else { truth.mrz.clone() });
                if truth.side != Side::Back {
                    assert_eq!(truth.value(Field::Surname), Some(truth.identity.surname.printed.as_str()));
                    assert_eq!(truth.value(Field::DocumentNumber), Some(truth.identity.number.as_str()));
                }
                // Where a line was drawn there is ink: darker than what surrounds every line.
                for line in &truth.lines {
                    let area = line.outline.bounds();
                    let darkest = (area.y0 as u32..area.y1 as u32)
                        .flat_map(|y| (area.x0 as u32..area.x1 as u32).map(move |x| (x, y)))
                        .map(|(x, y)| document.picture.get_pixel(x, y).0[1])
                        .min()
                        .unwrap();
                    let limit = if matches!(line.role, Role::Title | Role::Label) { 150 } else { 70 };
                    assert!(darkest < limit, "seed {seed}: {} is drawn with {darkest}", line.text);
                }
            }
        }
    }
}

/// ICAO 9303 part 3, 4.3: ten characters to an inch, OCR-B size 1 (capitals of about 2.5 mm with their stroke).
#[test]
fn the_zone_has_the_pitch_and_size_of_the_standard() {
    for (kind, width_mm, length) in [(Kind::Td1, 85.6, 30.0), (Kind::Td3, 125.0, 44.0)] {
        let document = documents(kind, 5).pop().unwrap();
        let px_per_mm = document.picture.width() as f32 / width_mm;
        let lines: Vec<_> = document.truth.mrz_lines().map(|line| line.outline.bounds()).collect();
        for line in &lines {
            assert!((line.width() / px_per_mm / length - 2.54).abs() < 0.01);
            let height_mm = line.height() / px_per_mm;
            assert!((2.3..2.9).contains(&height_mm), "{height_mm} mm");
        }
        for pair in lines.windows(2) {
            assert!(((pair[1].y0 - pair[0].y0) / px_per_mm - 6.35).abs() < 0.05);
        }
    }
}

#[test]
fn a_framed_face_lies_in_the_middle_and_never_outside_the_photograph() {
    let photograph = RgbImage::from_fn(400, 600, |x, y| {
        Rgb(if (150..250).contains(&x) && (100..220).contains(&y) { [255; 3] } else { [0; 3] })
    });
    let framed = frame_face(&photograph, Rect { x0: 150.0, y0: 100.0, x1: 250.0, y1: 220.0 });
    let (width, height) = framed.dimensions();
    assert_eq!(framed.pixels().filter(|pixel| pixel.0[0] == 255).count(), 100 * 120, "the face is whole");
    assert_eq!(framed.get_pixel(width / 2, height / 2).0, [255; 3]);

    let whole = frame_face(&photograph, Rect { x0: 0.0, y0: 0.0, x1: 400.0, y1: 600.0 });
    assert_eq!(whole.dimensions(), (400, 600));
}

#[test]
fn the_portrait_fills_its_box() {
    let document = documents(Kind::Td3, 9).remove(0);
    let mut left = document.truth.portrait.unwrap().bounds();
    let mut right = left;
    let middle = (left.x0 + left.x1) / 2.0;
    left.x1 = middle - 8.0;
    right.x0 = middle + 8.0;
    let [red, green, _] = mean(&document.picture, &left);
    assert!(red > 210.0 && green < 10.0, "{red} {green}");
    let [red, green, _] = mean(&document.picture, &right);
    assert!(green > 210.0 && red < 10.0, "{red} {green}");
}
