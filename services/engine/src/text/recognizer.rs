//! The recogniser: what a line says.

use super::{
    Error,
    network::{Network, Work},
};
use crate::{
    image::{Picture, Quad, cut_strip},
    mrz::{alphabet::Symbol, decode::Emission},
    pack::{self, Pack},
};

const NAME: &str = "text_recognizer";

/// Height of the recogniser's input, pixels.
const STRIP_HEIGHT_PX: usize = 48;
/// Least width of the recogniser's input, pixels; what is shorter is filled up.
const WIDTH_PX_MIN: usize = 160;
/// Largest width of the recogniser's input, pixels; a longer line is shortened.
const WIDTH_PX_MAX: usize = 3200;
/// Width of one frame of its output, pixels of the input.
const FRAME_PX: usize = 8;

/// Probability below which all are alike.
const PROBABILITY_MIN: f32 = 1e-10;

/// Characters that the recogniser, which was not trained on zones, says for the filler.
const FILLERS: &str = "<＜〈《«‹く";

/// What a line says. Not shown by `Debug`.
pub(crate) struct Reading {
    pub(crate) text: String,
    /// Mean of the characters' probabilities, 0 to 1; 0 for none.
    pub(crate) confidence: f32,
    pub(crate) emissions: Emissions,
}

/// Log-probabilities of the characters of machine readable zones, frame by frame. Not shown by `Debug`.
#[derive(Clone)]
pub(crate) struct Emissions {
    pub(crate) frames: Vec<Emission>,
    /// How many frames the line's width takes: not a whole number.
    pub(crate) frames_wide: f32,
}

/// The loaded recogniser.
pub(super) struct Recognizer {
    network: Network,
    /// Of each class of the output; the blank's is empty.
    characters: Vec<String>,
    /// The classes that stand for each symbol of zones.
    symbols: Vec<Vec<usize>>,
}

impl Recognizer {
    /// # Errors
    /// The pack lacks the network or its dictionary, or the dictionary a character of zones.
    pub(super) fn load(pack: &Pack) -> Result<Self, pack::Error> {
        // The blank stands in front of the dictionary, the space behind it.
        let mut characters = vec![String::new()];
        characters.extend(pack.read_dictionary(NAME)?);
        characters.push(" ".to_owned());
        let classes_of = |symbol: Symbol| -> Vec<usize> {
            let is_same = |name: &str| match name.chars().next() {
                Some(character) if symbol == Symbol::FILLER => FILLERS.contains(character),
                Some(character) => character.to_ascii_uppercase() == symbol.to_char(),
                None => false,
            };
            characters
                .iter()
                .enumerate()
                .filter(|(_, name)| is_same(name.as_str()))
                .map(|(class, _)| class)
                .collect()
        };
        let symbols: Vec<Vec<usize>> = Symbol::all().map(classes_of).collect();
        if let Some((symbol, _)) = Symbol::all().zip(&symbols).find(|(_, classes)| classes.is_empty()) {
            let detail = format!("the dictionary lacks {symbol:?}");
            return Err(pack::Error::BadNetwork { network: NAME.to_owned(), detail });
        }
        Ok(Self { network: Network::load(pack, NAME)?, characters, symbols })
    }

    /// Reads a line.
    pub(super) fn read(&self, picture: &Picture, quad: &Quad, work: &mut Work) -> Result<Reading, Error> {
        let (width, probabilities) = self.probabilities(picture, quad, 1.0, work)?;
        let (mut text, mut sum, mut count, mut before) = (String::new(), 0.0, 0_usize, 0);
        for frame in probabilities.chunks_exact(self.characters.len()) {
            let (class, probability) = likeliest(frame);
            if class != before && class != 0 {
                text.push_str(&self.characters[class]);
                sum += probability;
                count += 1;
            }
            before = class;
        }
        let emissions = self.emissions_of(width, &probabilities);
        Ok(Reading { text, confidence: sum / count.max(1) as f32, emissions })
    }

    /// The characters of zones in a line that is laid flat `stretch` times as wide as it is.
    pub(super) fn emissions(
        &self,
        picture: &Picture,
        quad: &Quad,
        stretch: f32,
        work: &mut Work,
    ) -> Result<Emissions, Error> {
        let (width, probabilities) = self.probabilities(picture, quad, stretch, work)?;
        Ok(self.emissions_of(width, &probabilities))
    }

    fn emissions_of(&self, width: usize, probabilities: &[f32]) -> Emissions {
        let frames_wide = width as f32 / FRAME_PX as f32;
        let frames = probabilities
            .chunks_exact(self.characters.len())
            .take(frames_wide.ceil() as usize)
            .map(|frame| self.emission(frame))
            .collect();
        Emissions { frames, frames_wide }
    }

    fn emission(&self, frame: &[f32]) -> Emission {
        let log = |probability: f32| probability.max(PROBABILITY_MIN).ln();
        std::array::from_fn(|index| match index.checked_sub(1) {
            None => log(frame[0]),
            Some(symbol) => log(self.symbols[symbol].iter().map(|class| frame[*class]).sum()),
        })
    }

    /// The width in pixels of the line laid flat, and the probability of each class in each frame.
    fn probabilities(
        &self,
        picture: &Picture,
        quad: &Quad,
        stretch: f32,
        work: &mut Work,
    ) -> Result<(usize, Vec<f32>), Error> {
        let aspect = quad.width() / quad.height().max(1.0);
        let width = (STRIP_HEIGHT_PX as f32 * aspect * stretch).ceil() as usize;
        let width = width.clamp(FRAME_PX, WIDTH_PX_MAX);
        let strip = cut_strip(picture, quad, width, STRIP_HEIGHT_PX);
        let filled = width.next_multiple_of(FRAME_PX).max(WIDTH_PX_MIN);
        let ([_, frames, classes], probabilities) = self.network.run(&strip, filled, work)?;
        if classes != self.characters.len() {
            return Err(Error::Network(format!("the output of {NAME} has {frames} times {classes} numbers")));
        }
        Ok((width, probabilities))
    }
}

fn likeliest(frame: &[f32]) -> (usize, f32) {
    let better = |best: (usize, f32), (class, probability): (usize, &f32)| {
        if *probability > best.1 { (class, *probability) } else { best }
    };
    frame.iter().enumerate().fold((0, f32::NEG_INFINITY), better)
}
