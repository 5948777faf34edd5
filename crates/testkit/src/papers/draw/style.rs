//! What makes one series of documents look unlike another: colours, typefaces, the way dates are printed.

use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::papers::font::{Family, Fonts, has_all};
use crate::papers::person::{Date, DateStyle};
use crate::papers::random::Random;

use super::canvas::Colour;

/// Pale, pale, and the colour of the lines.
const TINTS: [[Colour; 3]; 6] = [
    [[226.0, 236.0, 244.0], [206.0, 224.0, 238.0], [98.0, 138.0, 178.0]],
    [[244.0, 232.0, 226.0], [238.0, 212.0, 204.0], [186.0, 110.0, 104.0]],
    [[230.0, 242.0, 230.0], [208.0, 230.0, 214.0], [92.0, 156.0, 116.0]],
    [[244.0, 240.0, 224.0], [234.0, 224.0, 198.0], [176.0, 146.0, 84.0]],
    [[236.0, 230.0, 244.0], [220.0, 212.0, 236.0], [134.0, 112.0, 172.0]],
    [[238.0, 240.0, 242.0], [214.0, 226.0, 224.0], [180.0, 112.0, 140.0]],
];

pub(crate) struct Style<'a> {
    pub(crate) tints: [Colour; 3],
    pub(crate) ink: Colour,
    pub(crate) label_ink: Colour,
    pub(crate) is_bold: bool,
    pub(crate) width_px: u32,
    dates: DateStyle,
    values: &'a Family,
    fallback: &'a Family,
}

impl<'a> Style<'a> {
    pub(crate) fn random(fonts: &'a Fonts, random: &mut Random) -> Self {
        let dark = random.random_range(12.0..52.0);
        let tints = *TINTS.choose(random).unwrap_or(&TINTS[0]);
        Self {
            tints,
            ink: [dark, dark, dark + random.random_range(0.0..16.0)],
            label_ink: tints[2].map(|channel| channel * 0.6),
            is_bold: random.random(),
            width_px: random.random_range(1100..=1500),
            dates: *[DateStyle::Words, DateStyle::Dots, DateStyle::Slashes]
                .choose(random)
                .unwrap_or(&DateStyle::Words),
            values: fonts.families.choose(random).unwrap_or(&fonts.fallback),
            fallback: &fonts.fallback,
        }
    }

    /// The style's typeface, or the one that has every letter.
    pub(crate) fn font(&self, text: &str, is_bold: bool) -> &'a ab_glyph::FontVec {
        let face = |family: &'a Family| if is_bold { &family.bold } else { &family.plain };
        if has_all(face(self.values), text) { face(self.values) } else { face(self.fallback) }
    }

    pub(crate) fn print(&self, date: Date) -> String {
        date.to_print(self.dates)
    }
}
