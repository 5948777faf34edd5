//! Photographs: the same bytes, and outlines that still hold.

use prosopa_testkit::papers::degrade::{Span, photograph};
use prosopa_testkit::papers::person::Kind;

use super::support::{assert_within, documents, mean};

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let document = documents(Kind::Td1, 2).remove(0);
    let [once, again, other] = [1, 1, 2].map(|seed| photograph(&document, &Span::degraded(), seed).unwrap());
    assert_eq!(once.jpeg, again.jpeg);
    assert_eq!(once.truth, again.truth);
    assert_ne!(once.jpeg, other.jpeg);
}

#[test]
fn every_outline_is_carried_along_and_lies_within_the_photograph() {
    for seed in 0..4 {
        for (kind, spans) in [(Kind::Td1, Span::clean()), (Kind::Td3, Span::degraded())] {
            for document in documents(kind, seed) {
                let photo = photograph(&document, &spans, seed).unwrap();
                assert_eq!(photo.truth.lines.len(), document.truth.lines.len());
                for line in &photo.truth.lines {
                    assert_within(&line.outline, &photo.picture, &line.text);
                }
                assert_within(&photo.truth.outline, &photo.picture, "document");
            }
        }
    }
}

/// A portrait of one colour a half shows whether the outline went where the pixels went, also under tilt.
#[test]
fn the_portrait_is_where_its_outline_says() {
    for seed in 0..4 {
        let document = documents(Kind::Td3, seed).remove(0);
        let spans = Span { glare_count: 0..=0, ..Span::degraded() };
        let photo = photograph(&document, &spans, seed).unwrap();
        let [a, b, c, d] = photo.truth.portrait.unwrap().0;
        let at = |along: f32, down: f32| {
            let x = a.x + (b.x - a.x) * along + (d.x - a.x) * down + (c.x - b.x - d.x + a.x) * along * down;
            let y = a.y + (b.y - a.y) * along + (d.y - a.y) * down + (c.y - b.y - d.y + a.y) * along * down;
            mean(&photo.picture, &prosopa_testkit::papers::geometry::Rect::new(x - 2.0, y - 2.0, 5.0, 5.0))
        };
        for down in [0.06, 0.5, 0.94] {
            let ([red, dark, _], [also_dark, green, _]) = (at(0.08, down), at(0.92, down));
            assert!(
                red > 2.5 * dark && green > 2.5 * also_dark,
                "seed {seed}: {red} {dark} {also_dark} {green}"
            );
        }
    }
}
