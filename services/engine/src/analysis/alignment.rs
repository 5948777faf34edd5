//! Alignment: from landmarks to chips in which every face stands alike. It decides accuracy more than the network does.
//!
//! Two transforms, both least-squares similarities to dlib's mean face: A from the detector's five points, B from the
//! inner ones of the 68, which are found in a picture already turned upright by A's method.

mod template;

use candle_core::Result;

use self::template::{FIVE_POINTS, MANY_POINTS, many_points_indices};
use crate::{
    image::{Picture, Point, Similarity, cut_chip, shrink},
    networks::{
        landmarks::{INPUT_PX, Landmarks},
        mtcnn::Detection,
        recognition::CHIP_PX,
    },
};

/// Room around the mean face in the upright picture that landmarks are found in, in its own size.
const UPRIGHT_PADDING: f64 = 0.05;
/// Side of that picture, pixels; about twice the network's, so that shrinking it smooths.
const UPRIGHT_PX: usize = 220;
/// Room around the mean face in alignment A, in its own size.
const FIVE_POINT_PADDING: f64 = 0.2;
/// Room around the mean face in alignment B, in its own size.
const MANY_POINT_PADDING: f64 = 0.25;

/// Where a face's points are, and how its chips are cut.
pub(super) struct Alignment {
    points: Vec<Point>,
    by_five_points: Similarity,
    by_many_points: Similarity,
}

impl Alignment {
    /// Locates the 68 points and fits both transforms.
    pub(super) fn find(picture: &Picture, detection: &Detection, landmarks: &Landmarks) -> Result<Self> {
        let fit = |padding: f64, side: usize| {
            let target = FIVE_POINTS.map(|point| place(point, padding, side));
            Similarity::fit(&detection.landmarks, &target)
                .unwrap_or_else(|| from_box(detection, padding, side))
        };
        let by_five_points = fit(FIVE_POINT_PADDING, CHIP_PX);
        let points = locate(picture, &fit(UPRIGHT_PADDING, UPRIGHT_PX), landmarks)?;
        let target = MANY_POINTS.map(|point| place(point, MANY_POINT_PADDING, CHIP_PX));
        let source: Vec<Point> =
            many_points_indices().filter_map(|index| points.get(index).copied()).collect();
        let by_many_points =
            Similarity::fit(&source, &target).unwrap_or_else(|| fit(MANY_POINT_PADDING, CHIP_PX));
        Ok(Self { points, by_five_points, by_many_points })
    }

    /// The 68 points, in pixels of the picture.
    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    /// Chip A, 150 x 150 pixels.
    pub(super) fn cut_by_five_points(&self, picture: &Picture) -> Picture {
        cut_chip(picture, &self.by_five_points, CHIP_PX)
    }

    /// Chip B, 150 x 150 pixels.
    pub(super) fn cut_by_many_points(&self, picture: &Picture) -> Picture {
        cut_chip(picture, &self.by_many_points, CHIP_PX)
    }
}

/// Turns the face upright, finds the 68 points there, and takes them back to the picture.
fn locate(picture: &Picture, to_upright: &Similarity, landmarks: &Landmarks) -> Result<Vec<Point>> {
    let upright = cut_chip(picture, to_upright, UPRIGHT_PX);
    let mut input = Vec::with_capacity(INPUT_PX * INPUT_PX * 3);
    shrink(&upright, upright.whole(), (INPUT_PX, INPUT_PX), (0..INPUT_PX, 0..INPUT_PX), &mut input);
    let to_picture = to_upright.inverse();
    let scale = UPRIGHT_PX as f32 / INPUT_PX as f32;
    let place = |point: Point| to_picture.apply_to(Point { x: point.x * scale, y: point.y * scale });
    Ok(landmarks.locate(input)?.into_iter().map(place).collect())
}

/// A point of the unit square in a chip of `side` pixels with room around.
fn place((x, y): (f64, f64), padding: f64, side: usize) -> Point {
    let scale = side as f64 / (1.0 + 2.0 * padding);
    Point { x: ((padding + x) * scale) as f32, y: ((padding + y) * scale) as f32 }
}

/// For landmarks that no similarity fits, such as five equal points: the box itself, upright.
fn from_box(detection: &Detection, padding: f64, side: usize) -> Similarity {
    let bounds = detection.bounds;
    let (x, y) = ((bounds.x0 + bounds.x1) * 0.5, (bounds.y0 + bounds.y1) * 0.5);
    let half = (bounds.width().max(bounds.height()) * 0.5).max(1.0);
    let source = [Point { x: x - half, y: y - half }, Point { x: x + half, y: y + half }];
    let target = [(0.0, 0.0), (1.0, 1.0)].map(|corner| place(corner, padding, side));
    Similarity::fit(&source, &target).unwrap_or(Similarity::IDENTITY)
}
