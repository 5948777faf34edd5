//! Cutting a four-sided piece out of a picture and laying it flat: a line of text.

use super::{Picture, Point};

/// Most places of the picture that are averaged for an output pixel, along each axis.
const SAMPLES_MAX: f32 = 8.0;

/// Four corners of a piece of a picture as it is read: upper left, upper right, lower right, lower left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quad(pub(crate) [Point; 4]);

impl Quad {
    /// Mean length of the upper and the lower side, pixels.
    pub(crate) fn width(&self) -> f32 {
        let [upper_left, upper_right, lower_right, lower_left] = self.0;
        (distance(upper_left, upper_right) + distance(lower_left, lower_right)) / 2.0
    }

    /// Mean length of the left and the right side, pixels.
    pub(crate) fn height(&self) -> f32 {
        let [upper_left, upper_right, lower_right, lower_left] = self.0;
        (distance(upper_left, lower_left) + distance(upper_right, lower_right)) / 2.0
    }

    pub(crate) fn centre(&self) -> Point {
        self.at(0.5, 0.5)
    }

    /// Whether no corner of the other lies farther than this off, pixels along each axis.
    pub(crate) fn is_near(&self, other: &Self, distance: f32) -> bool {
        let is_near = |(one, other): (&Point, &Point)| {
            (one.x - other.x).abs() <= distance && (one.y - other.y).abs() <= distance
        };
        self.0.iter().zip(&other.0).all(is_near)
    }

    /// A place inside it, each part from 0 (left, upper) to 1 (right, lower); beyond that outside of it.
    pub(crate) fn at(&self, right: f32, down: f32) -> Point {
        let [upper_left, upper_right, lower_right, lower_left] = self.0;
        blend(blend(upper_left, upper_right, right), blend(lower_left, lower_right, right), down)
    }

    /// The piece of it between two parts of its width.
    pub(crate) fn part(&self, from: f32, to: f32) -> Self {
        Self([self.at(from, 0.0), self.at(to, 0.0), self.at(to, 1.0), self.at(from, 1.0)])
    }

    /// Read from the side that lies clockwise so many quarters further.
    #[must_use]
    pub(crate) fn rotated(mut self, quarters: usize) -> Self {
        self.0.rotate_left(quarters % 4);
        self
    }
}

fn distance(one: Point, other: Point) -> f32 {
    (one.x - other.x).hypot(one.y - other.y)
}

fn blend(one: Point, other: Point, share: f32) -> Point {
    Point { x: one.x + (other.x - one.x) * share, y: one.y + (other.y - one.y) * share }
}

/// Lays a piece of the picture flat into `width` by `height` pixels; beyond the picture's edge its edge goes on.
///
/// Bilinear; where the piece is shrunk, means of several places, so that nothing aliases.
pub(crate) fn cut_strip(picture: &Picture, quad: &Quad, width: usize, height: usize) -> Picture {
    let samples = |extent: f32, len: usize| (extent / len as f32).ceil().clamp(1.0, SAMPLES_MAX) as usize;
    let (across, down) = (samples(quad.width(), width), samples(quad.height(), height));
    let share = 1.0 / (across * down) as f32;
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0_f32; 3];
            for inner_y in 0..down {
                let part_down = (y as f32 + (inner_y as f32 + 0.5) / down as f32) / height as f32;
                for inner_x in 0..across {
                    let part_right = (x as f32 + (inner_x as f32 + 0.5) / across as f32) / width as f32;
                    let place = quad.at(part_right, part_down);
                    let colour = sample(picture, place.x, place.y);
                    sum.iter_mut().zip(colour).for_each(|(sum, value)| *sum += value);
                }
            }
            rgb.extend(sum.map(|sum| (sum * share).round() as u8));
        }
    }
    Picture::new(width as u32, height as u32, rgb)
}

/// The colour between four pixels.
fn sample(picture: &Picture, x: f32, y: f32) -> [f32; 3] {
    let limit = |value: f32, len: u32| value.clamp(0.0, len.saturating_sub(1) as f32);
    let (x, y) = (limit(x, picture.width()), limit(y, picture.height()));
    let (column, row) = (x as u32, y as u32);
    let (right, below) = ((column + 1).min(picture.width() - 1), (row + 1).min(picture.height() - 1));
    let (right_share, lower_share) = (x - column as f32, y - row as f32);
    let pixel = |line: &[u8], column: u32| {
        let start = column as usize * 3;
        [line[start], line[start + 1], line[start + 2]].map(f32::from)
    };
    let (upper, lower) = (picture.row(row), picture.row(below));
    let corners = [pixel(upper, column), pixel(upper, right), pixel(lower, column), pixel(lower, right)];
    std::array::from_fn(|index| {
        let [upper_left, upper_right, lower_left, lower_right] = corners.map(|corner| corner[index]);
        let upper = upper_left + (upper_right - upper_left) * right_share;
        let lower = lower_left + (lower_right - lower_left) * right_share;
        upper + (lower - upper) * lower_share
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    /// Red grows to the right, green downwards.
    fn ramp() -> Picture {
        let pixels = (0..60_u8).flat_map(|y| (0..80_u8).flat_map(move |x| [2 * x, 3 * y, 7]));
        Picture::new(80, 60, pixels.collect())
    }

    #[test]
    fn an_upright_piece_is_cut_as_it_is() {
        let quad = Quad([point(9.5, 19.5), point(29.5, 19.5), point(29.5, 29.5), point(9.5, 29.5)]);
        let strip = cut_strip(&ramp(), &quad, 20, 10);
        for y in 0..10_u8 {
            for (x, pixel) in (0..20_u8).zip(strip.row(u32::from(y)).as_chunks::<3>().0) {
                assert_eq!(*pixel, [2 * (10 + x), 3 * (20 + y), 7]);
            }
        }
    }

    #[test]
    fn a_piece_on_its_head_is_turned() {
        let quad = Quad([point(9.5, 19.5), point(29.5, 19.5), point(29.5, 29.5), point(9.5, 29.5)]);
        let strip = cut_strip(&ramp(), &quad.rotated(2), 20, 10);
        assert_eq!(strip.row(0)[..3], [58, 87, 7]);
        let strip = cut_strip(&ramp(), &quad.rotated(1), 10, 20);
        assert_eq!(strip.row(0)[..3], [58, 60, 7]);
    }

    #[test]
    fn a_shrunk_piece_is_a_mean_and_the_edge_goes_on() {
        let checks = (0..40_u32).flat_map(|y| (0..40_u32).flat_map(move |x| [((x + y) % 2 * 200) as u8; 3]));
        let picture = Picture::new(40, 40, checks.collect());
        let whole = Quad([point(-0.5, -0.5), point(39.5, -0.5), point(39.5, 39.5), point(-0.5, 39.5)]);
        let strip = cut_strip(&picture, &whole, 10, 10);
        assert!(strip.rgb().iter().all(|value| value.abs_diff(100) <= 26), "{:?}", strip.rgb());
        let beyond = Quad([point(100.0, 0.0), point(200.0, 0.0), point(200.0, 5.0), point(100.0, 5.0)]);
        assert!(cut_strip(&ramp(), &beyond, 4, 2).rgb().chunks(3).all(|pixel| pixel[0] == 158));
    }
}
