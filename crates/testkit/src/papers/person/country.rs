//! The states whose people are made up here.

use serde::Serialize;

/// The letters a name is written with at home; decides how it is transliterated (ICAO 9303 part 3, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Script {
    /// With or without signs above and below the letters.
    Latin,
    /// Cyrillic as Russian has it.
    Russian,
    /// Cyrillic as Ukrainian has it: four letters sound otherwise.
    Ukrainian,
    /// Cyrillic as Bulgarian has it.
    Bulgarian,
    /// Arabic without vowel signs.
    Arabic,
}

/// A state that issues documents.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Country {
    /// One to three letters, as in the machine readable zone without filler.
    pub code: &'static str,
    /// In English.
    pub name: &'static str,
    /// As its documents print it beside the English name.
    pub native_name: &'static str,
    /// Of its people's names.
    pub script: Script,
    /// The language of the second label, ISO 639-1.
    pub language: &'static str,
}

const fn country(
    code: &'static str,
    name: &'static str,
    native_name: &'static str,
    script: Script,
    language: &'static str,
) -> Country {
    Country { code, name, native_name, script, language }
}

pub(crate) const COUNTRIES: [Country; 18] = [
    country("UTO", "Utopia", "Utopie", Script::Latin, "fr"),
    country("D", "Germany", "Deutschland", Script::Latin, "de"),
    country("FRA", "France", "France", Script::Latin, "fr"),
    country("ESP", "Spain", "España", Script::Latin, "es"),
    country("POL", "Poland", "Polska", Script::Latin, "pl"),
    country("SWE", "Sweden", "Sverige", Script::Latin, "sv"),
    country("ISL", "Iceland", "Ísland", Script::Latin, "fr"),
    country("TUR", "Türkiye", "TÜRKİYE", Script::Latin, "tr"),
    country("VNM", "Viet Nam", "Việt Nam", Script::Latin, "fr"),
    country("IRL", "Ireland", "Éire", Script::Latin, "fr"),
    country("THA", "Thailand", "Thailand", Script::Latin, "fr"),
    country("LKA", "Sri Lanka", "Sri Lanka", Script::Latin, "fr"),
    country("IDN", "Indonesia", "Indonesia", Script::Latin, "fr"),
    country("RUS", "Russian Federation", "Россия", Script::Russian, "ru"),
    country("UKR", "Ukraine", "Україна", Script::Ukrainian, "uk"),
    country("BGR", "Bulgaria", "България", Script::Bulgarian, "bg"),
    country("EGY", "Egypt", "Égypte", Script::Arabic, "fr"),
    country("JOR", "Jordan", "Jordanie", Script::Arabic, "fr"),
];
