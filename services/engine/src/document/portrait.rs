//! The portrait on a document, whichever way up the document lies.

use prosopa_contract::engine::{BoundingBox, EngineError, Face, Point as WirePoint, StageTimings};

use crate::{
    analysis::{Analyzer, Options},
    image::{Picture, Point, Turn},
};

/// The largest face with its embedding, in pixels of the picture as it is.
///
/// # Errors
/// `Unavailable` when it was abandoned; `Internal` when a network failed.
pub(super) fn find(
    analyzer: &Analyzer,
    picture: &Picture,
    turn: Turn,
    is_abandoned: &dyn Fn() -> bool,
) -> Result<Option<Face>, EngineError> {
    let mut timings = StageTimings::default();
    let mut find = |picture: &Picture| {
        analyzer
            .find_faces(picture, Options::PORTRAIT, &mut timings, is_abandoned)
            .map(|faces| faces.into_iter().next())
    };
    if turn.is_none() {
        return find(picture);
    }
    let face = find(&turn.apply(picture))?;
    Ok(face.map(|face| turn_back(face, turn, picture.width(), picture.height())))
}

/// A face of the turned picture in pixels of the picture of this size.
fn turn_back(mut face: Face, turn: Turn, width: u32, height: u32) -> Face {
    let undo = |x: f32, y: f32| turn.undo(Point { x, y }, width, height);
    if let Some(bounds) = &mut face.r#box {
        let (one, other) = (undo(bounds.x0, bounds.y0), undo(bounds.x1, bounds.y1));
        *bounds = BoundingBox {
            x0: one.x.min(other.x),
            y0: one.y.min(other.y),
            x1: one.x.max(other.x),
            y1: one.y.max(other.y),
        };
    }
    for point in face.landmarks5.iter_mut().chain(&mut face.landmarks68) {
        let place = undo(point.x, point.y);
        *point = WirePoint { x: place.x, y: place.y };
    }
    let roll = face.roll_degrees - turn.degrees() as f32;
    face.roll_degrees = if roll < -180.0 { roll + 360.0 } else { roll };
    face
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face upright in the turned picture lies on its side in the picture, and its box stays one.
    #[test]
    fn a_face_is_told_where_it_is_in_the_picture() {
        let face = Face {
            r#box: Some(BoundingBox { x0: 10.0, y0: 20.0, x1: 30.0, y1: 50.0 }),
            landmarks5: vec![WirePoint { x: 12.0, y: 25.0 }],
            roll_degrees: 5.0,
            ..Face::default()
        };
        let face = turn_back(face, Turn::quarters(1), 100, 200);
        assert_eq!(face.r#box, Some(BoundingBox { x0: 20.0, y0: 169.0, x1: 50.0, y1: 189.0 }));
        assert_eq!(face.landmarks5, [WirePoint { x: 25.0, y: 187.0 }]);
        assert!((face.roll_degrees + 85.0).abs() < 1e-6);
    }
}
