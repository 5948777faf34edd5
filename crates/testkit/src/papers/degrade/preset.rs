//! What can be wrong with a photograph, and how much of it.

use std::ops::RangeInclusive;

use rand::RngExt;
use serde::Serialize;

use crate::papers::random::Random;

/// What one photograph was taken under.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conditions {
    /// By how much the document is turned, clockwise where positive.
    pub tilt_degrees: f32,
    /// By how much each corner strays, in parts of the document's width.
    pub perspective: f32,
    /// How much of the table is seen on each side, in parts of the document's width.
    pub margin: f32,
    /// How much the light falls off over the picture, 0 to 1.
    pub unevenness: f32,
    /// How many spots reflect the light.
    pub glare_count: u32,
    /// How much of the contrast is lost in the middle of a spot, 0 to 1.
    pub glare: f32,
    /// Standard deviation of the defocus, in pixels before the picture is scaled.
    pub blur_px: f32,
    /// How far the camera moved, in pixels before the picture is scaled.
    pub motion_px: f32,
    /// How much smaller the picture is than what was drawn.
    pub scale: f32,
    /// Standard deviation of the noise, of 255.
    pub noise: f32,
    /// 1 to 100.
    pub jpeg_quality: u8,
}

/// From what the conditions of a photograph are picked; each means what it means there.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "as in the conditions")]
pub struct Span {
    /// The largest, either way.
    pub tilt_degrees: f32,
    pub perspective: RangeInclusive<f32>,
    pub margin: RangeInclusive<f32>,
    pub unevenness: RangeInclusive<f32>,
    pub glare_count: RangeInclusive<u32>,
    pub glare: RangeInclusive<f32>,
    pub blur_px: RangeInclusive<f32>,
    pub motion_px: RangeInclusive<f32>,
    pub scale: RangeInclusive<f32>,
    pub noise: RangeInclusive<f32>,
    pub jpeg_quality: RangeInclusive<u8>,
}

impl Span {
    /// A flatbed scanner, or a careful person with a good camera.
    pub fn clean() -> Self {
        Self {
            tilt_degrees: 0.8,
            perspective: 0.0..=0.002,
            margin: 0.01..=0.04,
            unevenness: 0.0..=0.08,
            glare_count: 0..=0,
            glare: 0.0..=0.0,
            blur_px: 0.2..=0.7,
            motion_px: 0.0..=0.0,
            scale: 0.85..=1.0,
            noise: 0.5..=2.0,
            jpeg_quality: 88..=96,
        }
    }

    /// A telephone in a hurry.
    pub fn degraded() -> Self {
        Self {
            tilt_degrees: 8.0,
            perspective: 0.004..=0.025,
            margin: 0.03..=0.12,
            unevenness: 0.1..=0.45,
            glare_count: 0..=3,
            glare: 0.2..=0.6,
            blur_px: 0.6..=1.7,
            motion_px: 0.0..=4.0,
            scale: 0.6..=0.9,
            noise: 2.0..=8.0,
            jpeg_quality: 45..=80,
        }
    }

    pub(crate) fn pick(&self, random: &mut Random) -> Conditions {
        Conditions {
            tilt_degrees: random.random_range(-self.tilt_degrees..=self.tilt_degrees),
            perspective: random.random_range(self.perspective.clone()),
            margin: random.random_range(self.margin.clone()),
            unevenness: random.random_range(self.unevenness.clone()),
            glare_count: random.random_range(self.glare_count.clone()),
            glare: random.random_range(self.glare.clone()),
            blur_px: random.random_range(self.blur_px.clone()),
            motion_px: random.random_range(self.motion_px.clone()),
            scale: random.random_range(self.scale.clone()),
            noise: random.random_range(self.noise.clone()),
            jpeg_quality: random.random_range(self.jpeg_quality.clone()),
        }
    }
}
