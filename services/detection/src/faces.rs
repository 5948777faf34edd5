//! A face as callers see it and as it is kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_contract::engine;

/// One face. Coordinates are pixels of the upright picture unless said otherwise.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Face {
    /// Where; it may reach over the picture's edge.
    #[serde(rename = "box")]
    pub(crate) bounds: Rectangle,
    /// The same as fractions of the picture's width and height.
    pub(crate) box_normalized: Rectangle,
    /// The detector's score, 0 to 1.
    pub(crate) confidence: f32,
    /// Left eye, right eye, nose, left and right mouth corner, as seen in the picture.
    pub(crate) landmarks5: Vec<Point>,
    /// The 68 points of the iBUG 300-W scheme.
    pub(crate) landmarks68: Vec<Point>,
    /// Angle of the line between the eyes, clockwise positive.
    pub(crate) roll_degrees: f32,
    /// How well the face can be seen.
    pub(crate) quality: Quality,
}

/// A rectangle.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Rectangle {
    /// Left edge.
    pub(crate) x: f32,
    /// Upper edge.
    pub(crate) y: f32,
    /// Extent to the right.
    pub(crate) width: f32,
    /// Extent downwards.
    pub(crate) height: f32,
}

impl Rectangle {
    /// Square pixels, or a fraction of the picture.
    pub(crate) fn area(&self) -> f32 {
        self.width * self.height
    }
}

/// A point.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Point {
    /// From the left edge.
    pub(crate) x: f32,
    /// From the upper edge.
    pub(crate) y: f32,
}

/// How well a face can be seen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Quality {
    /// Variance of the Laplacian of the aligned face: below about 50 it looks blurred.
    pub(crate) sharpness: f32,
    /// Mean luma, 0 (black) to 1 (white).
    pub(crate) brightness: f32,
    /// Shorter side of the box, pixels.
    pub(crate) face_px: f32,
}

impl Face {
    /// The same with the face's embedding, which is shown to nobody.
    pub(crate) fn with_embedding(mut face: engine::Face, width: f32, height: f32) -> (Self, Vec<f32>) {
        let embedding = std::mem::take(&mut face.embedding);
        (Self::from_engine(face, width, height), embedding)
    }

    /// Takes over what the engine found in a picture of `width` x `height` pixels.
    pub(crate) fn from_engine(face: engine::Face, width: f32, height: f32) -> Self {
        let bounds = face.r#box.unwrap_or_default();
        let bounds = Rectangle {
            x: bounds.x0,
            y: bounds.y0,
            width: bounds.x1 - bounds.x0,
            height: bounds.y1 - bounds.y0,
        };
        let quality = face.quality.unwrap_or_default();
        Self {
            box_normalized: Rectangle {
                x: bounds.x / width,
                y: bounds.y / height,
                width: bounds.width / width,
                height: bounds.height / height,
            },
            bounds,
            confidence: face.confidence,
            landmarks5: points(&face.landmarks5),
            landmarks68: points(&face.landmarks68),
            roll_degrees: face.roll_degrees,
            quality: Quality {
                sharpness: quality.sharpness,
                brightness: quality.brightness,
                face_px: quality.face_px,
            },
        }
    }
}

/// Takes over points.
pub(crate) fn points(points: &[engine::Point]) -> Vec<Point> {
    points.iter().map(|point| Point { x: point.x, y: point.y }).collect()
}
