//! Makes a photograph of a flat document: laid on a table, tilted, badly lit, out of focus, compressed. Every outline of
//! the truth is carried along.

mod blur;
mod light;
mod noise;
mod preset;
mod surround;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, ImageResult, RgbImage, imageops};
use rand::RngExt;

use crate::papers::draw::{Document, Truth};
use crate::papers::geometry::Point;
use crate::papers::random::{Purpose, generator};

pub use preset::{Conditions, Span};

/// A photograph as a client sends it.
#[derive(Debug, Clone)]
pub struct Photo {
    /// A JPEG file.
    pub jpeg: Vec<u8>,
    /// What is in the file, decoded: with the losses of the compression.
    pub picture: RgbImage,
    /// In pixels of that picture.
    pub truth: Truth,
    /// What was done to it.
    pub conditions: Conditions,
}

/// Photographs a document. The seed picks a value from each span of the conditions.
///
/// The same arguments give the same bytes. Fails only where the encoder does.
pub fn photograph(document: &Document, spans: &Span, seed: u64) -> ImageResult<Photo> {
    let random = &mut generator(seed, Purpose::Degradation);
    let conditions = spans.pick(random);
    let mut truth = document.truth.clone();

    let (mut picture, homography) = surround::lay_on_table(&document.picture, &conditions, random);
    truth.carry(|point| homography.apply(point));

    light::shade(&mut picture, conditions.unevenness, random);
    for _ in 0..conditions.glare_count {
        light::glare(&mut picture, &truth.outline.bounds(), conditions.glare, random);
    }
    if conditions.blur_px > 0.05 {
        picture = imageops::blur(&picture, conditions.blur_px);
    }
    let direction = random.random_range(0.0..std::f32::consts::PI);
    picture = blur::move_along(&picture, conditions.motion_px, direction);

    let (width, height) = (picture.width(), picture.height());
    let shrunk = |length: u32| ((length as f32 * conditions.scale).round() as u32).max(1);
    picture = imageops::resize(&picture, shrunk(width), shrunk(height), imageops::FilterType::Triangle);
    let (x_factor, y_factor) =
        (picture.width() as f32 / width as f32, picture.height() as f32 / height as f32);
    truth.carry(|point| Point { x: point.x * x_factor, y: point.y * y_factor });

    noise::add(&mut picture, conditions.noise, random);

    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, conditions.jpeg_quality).encode_image(&picture)?;
    let picture = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg)?.into_rgb8();
    Ok(Photo { jpeg, picture, truth, conditions })
}
