//! What is measured, in order: start, first face, load, memory, second start.

use std::{io::Cursor, time::Instant};

use image::{ImageFormat, RgbImage, imageops};

use prosopa_harness::{Product, photo};

use crate::{load, memory};

/// Detections behind each row.
const DETECTIONS: usize = 200;

/// Detections after which memory is read again.
const DETECTIONS_FOR_MEMORY: usize = 1_000;

/// Limits out of the way: what is measured is the work, not the refusal.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "10000000"),
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_MONTH", "10000000"),
    ("PROSOPA_GATEWAY__CALLER_RATE__REQUESTS_PER_SECOND", "100000"),
    ("PROSOPA_GATEWAY__CALLER_RATE__BURST", "100000"),
];

/// Measures and prints the table.
pub(crate) async fn run() {
    let picture = vga_photo();
    println!("| what | figure |\n|---|---|");
    let began = Instant::now();
    let product = Product::start_with(SETTINGS).await;
    println!("| start to listening, empty folder | {} ms |", began.elapsed().as_millis());
    let user = product.user().await;
    let first = user.detect(picture.clone(), "image/jpeg").await;
    assert_eq!(first.json()["face_count"], 1, "{}", first.json());
    println!("| start to the first face, with registration and login | {} ms |", began.elapsed().as_millis());
    println!("| resident after the first face | {} MB |", memory::resident_mb(product.id()));

    for callers in [1, 8] {
        let run = load::run(&user, &picture, callers, DETECTIONS).await;
        run.print();
    }
    load::run(&user, &picture, 8, DETECTIONS_FOR_MEMORY).await;
    let now = memory::resident_mb(product.id());
    let peak = memory::peak_mb(product.id());
    println!("| resident after {DETECTIONS_FOR_MEMORY} detections (peak) | {now} MB ({peak} MB) |");

    let folder = product.folder();
    assert!(product.stop().await.0.success());
    let began = Instant::now();
    let product = Product::start_again(folder).await;
    assert_eq!(product.ask_admin("/readyz").await.status, 200);
    println!("| second start to ready | {} ms |", began.elapsed().as_millis());
    println!("| resident idle | {} MB |", memory::resident_mb(product.id()));
}

/// A 640 x 480 JPEG with one face.
pub(crate) fn vga_photo() -> Vec<u8> {
    let photo = image::load_from_memory(&photo()).unwrap().to_rgb8();
    let photo = imageops::resize(&photo, 480, 480, imageops::FilterType::Triangle);
    let mut canvas = RgbImage::from_pixel(640, 480, image::Rgb([96, 96, 96]));
    imageops::overlay(&mut canvas, &photo, 80, 0);
    let mut bytes = Cursor::new(Vec::new());
    canvas.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}
