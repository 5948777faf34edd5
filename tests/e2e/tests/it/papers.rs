//! Documents that are drawn, of a person of whom there are photographs.

use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use image::RgbImage;
use prosopa_testkit::papers::{
    degrade::{Photo, Span, photograph},
    draw::{draw, frame_face},
    font::Fonts,
    geometry::Rect,
    person::{Date, Identity, Kind},
};

/// A picture whose distances to others an independent implementation has measured. Those that begin alike show one person.
pub(crate) fn portrait(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services/engine/tests/assets");
    std::fs::read(folder.join(name)).unwrap()
}

/// The page of a passport of the person in `portrait_a1.png`, well photographed, that is valid up to this day.
pub(crate) fn passport(expires: Date) -> Photo {
    const SEED: u64 = 4;
    static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::from_environment().unwrap());
    static PORTRAIT: OnceLock<RgbImage> = OnceLock::new();
    let portrait = PORTRAIT.get_or_init(|| {
        let photograph = image::load_from_memory(&portrait("portrait_a1.png")).unwrap().into_rgb8();
        frame_face(&photograph, Rect { x0: 210.0, y0: 48.0, x1: 346.0, y1: 238.0 })
    });
    let mut identity = Identity::random(Kind::Td3, Date::new(2026, 6, 1), SEED);
    identity.expires = expires;
    let document = draw(&identity, portrait, &FONTS, SEED).pop().unwrap();
    photograph(&document, &Span::clean(), SEED).unwrap()
}
