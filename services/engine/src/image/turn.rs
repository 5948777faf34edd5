//! Quarter turns of whole pictures, and where points come to lie.

use super::{Picture, Point};

/// By how much a picture must be turned clockwise to be upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Turn {
    quarters: u8,
}

impl Turn {
    /// So many quarters clockwise.
    pub(crate) fn quarters(quarters: usize) -> Self {
        Self { quarters: (quarters % 4) as u8 }
    }

    /// The same with half a turn more.
    #[must_use]
    pub(crate) fn and_half(self) -> Self {
        Self::quarters(usize::from(self.quarters) + 2)
    }

    /// 0, 90, 180 or 270.
    pub(crate) fn degrees(self) -> u32 {
        u32::from(self.quarters) * 90
    }

    pub(crate) fn is_none(self) -> bool {
        self.quarters == 0
    }

    /// The turned picture.
    pub(crate) fn apply(self, picture: &Picture) -> Picture {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let (new_width, new_height) =
            if self.quarters.is_multiple_of(2) { (width, height) } else { (height, width) };
        let mut rgb = Vec::with_capacity(picture.rgb().len());
        for y in 0..new_height {
            for x in 0..new_width {
                let (column, row) = match self.quarters {
                    0 => (x, y),
                    1 => (y, height - 1 - x),
                    2 => (width - 1 - x, height - 1 - y),
                    _ => (width - 1 - y, x),
                };
                let start = (row * width + column) * 3;
                rgb.extend_from_slice(&picture.rgb()[start..start + 3]);
            }
        }
        Picture::new(new_width as u32, new_height as u32, rgb)
    }

    /// Where a point of the turned picture lies in the picture of this size.
    pub(crate) fn undo(self, point: Point, width: u32, height: u32) -> Point {
        let (right, bottom) = (width.saturating_sub(1) as f32, height.saturating_sub(1) as f32);
        match self.quarters {
            0 => point,
            1 => Point { x: point.y, y: bottom - point.x },
            2 => Point { x: right - point.x, y: bottom - point.y },
            _ => Point { x: right - point.y, y: point.x },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_found_again() {
        let picture = Picture::new(3, 2, (0..18).collect());
        for quarters in 0..4 {
            let turn = Turn::quarters(quarters);
            let turned = turn.apply(&picture);
            for y in 0..turned.height() {
                for (x, pixel) in turned.row(y).as_chunks::<3>().0.iter().enumerate() {
                    let place = turn.undo(Point { x: x as f32, y: y as f32 }, 3, 2);
                    let start = place.x as usize * 3;
                    assert_eq!(picture.row(place.y as u32)[start..start + 3], *pixel, "{quarters} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn a_quarter_brings_the_lower_left_corner_up() {
        let picture = Picture::new(3, 2, (0..18).collect());
        assert_eq!(Turn::quarters(1).apply(&picture).row(0)[..3], picture.row(1)[..3]);
        assert_eq!((Turn::quarters(3).degrees(), Turn::quarters(4).is_none()), (270, true));
    }
}
