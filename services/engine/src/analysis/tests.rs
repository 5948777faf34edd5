//! How small a face is looked for.

use super::*;

fn options(min_face_px: Option<u32>) -> Options {
    Options { min_face_px, max_faces: 1, with_embeddings: false, decode_only: false }
}

#[test]
fn the_smallest_face_follows_the_request_or_the_picture() {
    assert_eq!(options(Some(12)).min_face_px(2_000, 2_000), 12);
    assert_eq!(options(Some(30)).min_face_px(640, 480), 30);
    assert_eq!(options(None).min_face_px(640, 200), 20);
    assert_eq!(options(None).min_face_px(7_000, 7_000), 583);
}

/// N4: however large the picture and small the face asked for, the first level has about four megapixels at most.
#[test]
fn the_smallest_face_is_raised_in_large_pictures() {
    assert_eq!(options(Some(12)).min_face_px(7_000, 7_000), 42);
    assert_eq!(options(Some(12)).min_face_px(2_001, 2_000), 13);
    assert_eq!(options(Some(50)).min_face_px(7_000, 7_000), 50);
    for (width, height) in [(7_000, 7_000), (10_000, 5_000), (65_535, 762), (762, 65_535), (2_100, 2_000)] {
        for asked in [Some(12), None] {
            let scale = 12.0 / f64::from(options(asked).min_face_px(width, height));
            let pixels = f64::from(width) * scale * f64::from(height) * scale;
            assert!(pixels <= LEVEL_PX_MAX, "{width} x {height}: {pixels}");
        }
    }
}
