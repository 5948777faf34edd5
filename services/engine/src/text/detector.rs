//! The detector: where lines of text are.

mod components;
mod rectangle;

use self::{
    components::components,
    rectangle::{Rectangle, hull},
};
use super::{
    Error,
    network::{Network, Work},
};
use crate::{
    image::{Picture, Point, Quad, cut_strip, shrink},
    pack::{self, Pack},
};

const NAME: &str = "text_detector";

/// The shorter side is enlarged to this, pixels, as the network's authors do.
const SIDE_PX_MIN: f64 = 736.0;
/// The longer side is never larger, pixels.
const SIDE_PX_MAX: f64 = 2560.0;
/// Most pixels of the input, which bounds the work and the memory on any picture.
const INPUT_PX_MAX: f64 = 900_000.0;
/// Sides of the input are multiples of this, pixels.
const SIDE_STEP_PX: f64 = 32.0;

/// What is text, 0 to 1.
const THRESHOLD: f32 = 0.3;
/// Mean over a rectangle below which it is none, 0 to 1.
const SCORE_MIN: f32 = 0.5;
/// How far a rectangle grows: the network finds the middle of lines.
const UNCLIP_RATIO: f32 = 1.6;
/// Least shorter side before and after growing, pixels of the input.
const CORE_PX_MIN: f32 = 3.0;
const GROWN_PX_MIN: f32 = 5.0;
/// Most rectangles.
const FOUND_MAX: usize = 1000;

/// The loaded detector.
pub(super) struct TextDetector {
    network: Network,
}

impl TextDetector {
    /// # Errors
    /// The pack lacks the network.
    pub(super) fn load(pack: &Pack) -> Result<Self, pack::Error> {
        Ok(Self { network: Network::load(pack, NAME)? })
    }

    /// Finds lines; each is as wide as its longer side, and is read to the right or downwards.
    ///
    /// # Errors
    /// The network failed.
    pub(super) fn find(&self, picture: &Picture, work: &mut Work) -> Result<Vec<Quad>, Error> {
        let (width, height) = input_size(picture.width(), picture.height());
        let input = resize(picture, width, height);
        let (shape, map) = self.network.run(&input, width, work)?;
        if shape != [1, 1, height, width] {
            return Err(Error::Network(format!("the output of {NAME} has the sizes {shape:?}")));
        }
        let map = Map { width, height, values: map };
        let scale = (picture.width() as f32 / width as f32, picture.height() as f32 / height as f32);
        let to_picture =
            |point: Point| Point { x: (point.x + 0.5) * scale.0 - 0.5, y: (point.y + 0.5) * scale.1 - 0.5 };
        let found = map.rectangles().into_iter();
        Ok(found.map(|rectangle| Quad(rectangle.corners().map(to_picture))).collect())
    }
}

/// Width and height of the network's input for a picture of this size.
fn input_size(width: u32, height: u32) -> (usize, usize) {
    let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let scale = (SIDE_PX_MIN / width.min(height)).max(1.0);
    let scale = scale.min((INPUT_PX_MAX / (width * height)).sqrt()).min(SIDE_PX_MAX / width.max(height));
    let side = |length: f64| ((length * scale / SIDE_STEP_PX).round().max(1.0) * SIDE_STEP_PX) as usize;
    (side(width), side(height))
}

fn resize(picture: &Picture, width: usize, height: usize) -> Picture {
    if width <= picture.width() as usize && height <= picture.height() as usize {
        let mut rgb = Vec::with_capacity(width * height * 3);
        shrink(picture, picture.whole(), (width, height), (0..width, 0..height), &mut rgb);
        let rgb = rgb.into_iter().map(|value| value as u8).collect();
        return Picture::new(width as u32, height as u32, rgb);
    }
    let (right, bottom) = (picture.width() as f32 - 0.5, picture.height() as f32 - 0.5);
    let corners = [(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)];
    cut_strip(picture, &Quad(corners.map(|(x, y)| Point { x, y })), width, height)
}

/// How much each pixel looks like text, 0 to 1.
struct Map {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Map {
    fn rectangles(&self) -> Vec<Rectangle> {
        let components = components(self.width, self.height, |x, y| self.is_text(x, y));
        let rectangle = |points: Vec<Point>| {
            let core = Rectangle::around(&hull(points))?;
            let is_text = core.shorter_side() >= CORE_PX_MIN && self.mean(&core) >= SCORE_MIN;
            let grown = core.grown(core.area() * UNCLIP_RATIO / core.perimeter().max(1.0));
            (is_text && grown.shorter_side() >= GROWN_PX_MIN).then_some(grown)
        };
        components.into_iter().filter_map(rectangle).take(FOUND_MAX).collect()
    }

    /// Above the threshold, or right of or below what is: gaps of a pixel are closed.
    fn is_text(&self, x: usize, y: usize) -> bool {
        let is_above = |x: usize, y: usize| self.values[y * self.width + x] > THRESHOLD;
        let (left, up) = (x.saturating_sub(1), y.saturating_sub(1));
        is_above(x, y) || is_above(left, y) || is_above(x, up) || is_above(left, up)
    }

    /// Mean over the pixels in a rectangle.
    fn mean(&self, rectangle: &Rectangle) -> f32 {
        let corners = rectangle.corners();
        let range = |values: [f32; 4], len: usize| {
            let low = values.iter().copied().fold(f32::INFINITY, f32::min).floor().max(0.0) as usize;
            let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max).ceil().max(0.0) as usize;
            low.min(len)..(high + 1).min(len)
        };
        let (mut sum, mut count) = (0.0, 0_usize);
        for y in range(corners.map(|corner| corner.y), self.height) {
            for x in range(corners.map(|corner| corner.x), self.width) {
                if rectangle.contains(Point { x: x as f32, y: y as f32 }) {
                    sum += self.values[y * self.width + x];
                    count += 1;
                }
            }
        }
        sum / count.max(1) as f32
    }
}

#[cfg(test)]
mod tests;
