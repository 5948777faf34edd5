//! One person and one document of that person, made up from a seed.

use rand::RngExt;
use rand::seq::IndexedRandom;
use serde::Serialize;

use crate::papers::random::{Purpose, Random, generator};

use super::country::{COUNTRIES, Country, Script};
use super::date::Date;
use super::names::{self, Names};
use super::transliterate::transliterate;

/// The two sizes that are drawn (ICAO 9303 parts 4 and 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// An identity card: three lines of 30.
    Td1,
    /// A passport: two lines of 44.
    Td3,
}

/// As documents state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Sex {
    /// `F`
    Female,
    /// `M`
    Male,
    /// `X` in print, `<` in the machine readable zone.
    Unspecified,
}

impl Sex {
    pub(crate) fn to_print(self) -> char {
        match self {
            Self::Female => 'F',
            Self::Male => 'M',
            Self::Unspecified => 'X',
        }
    }

    pub(crate) fn to_mrz(self) -> char {
        match self {
            Self::Unspecified => '<',
            _ => self.to_print(),
        }
    }
}

/// A name in its three forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// In the letters of the state, where these are not Latin.
    pub native: Option<String>,
    /// In Latin letters, as it stands in the printed zone.
    pub printed: String,
    /// Transliterated, with `<` between the parts, and not yet cut.
    pub mrz: String,
}

/// What a document says of its holder. A person with one name has it as the surname.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Which document.
    pub kind: Kind,
    /// The state that issued it.
    pub issuer: &'static Country,
    /// The holder's state.
    pub nationality: &'static Country,
    /// The primary identifier.
    pub surname: Name,
    /// The secondary identifier.
    pub given_names: Option<Name>,
    /// Of the holder.
    pub sex: Sex,
    /// Of the holder; parts may be unknown.
    pub birth: Date,
    /// The town.
    pub birth_place: String,
    /// When it was issued.
    pub issued: Date,
    /// The last day it is valid on.
    pub expires: Date,
    /// Letters and digits; more than nine on some cards.
    pub number: String,
    /// The state's number for the holder, in the optional part of the machine readable zone.
    pub personal_number: Option<String>,
    /// Who issued it.
    pub authority: String,
    /// Of the holder.
    pub height_cm: u16,
    /// Street and town.
    pub address: String,
}

impl Identity {
    /// The same identity for the same arguments. `today` decides the dates: about one document in ten has expired.
    pub fn random(kind: Kind, today: Date, seed: u64) -> Self {
        let random = &mut generator(seed, Purpose::Person);
        let issuer = pick(&COUNTRIES, random);
        let names = names::of(issuer);
        let sex = match random.random_range(0..20) {
            0 => Sex::Unspecified,
            1..=10 => Sex::Female,
            _ => Sex::Male,
        };
        let (surname, given_names) = name_person(issuer, names, sex, random);
        let age = random.random_range(1..95);
        let mut birth = Date::random(today.year - age, random);
        if random.random_ratio(1, 40) {
            birth.day = None;
            birth.month = birth.month.filter(|_| random.random());
        }
        // A document of ten years issued up to eleven years ago, never before the holder was born.
        let since = random.random_range(1..=11).min(age);
        let issued = Date::random(today.year - since, random);
        let number = number(kind, random);
        let personal_number = random.random_ratio(1, 2).then(|| {
            let length = random.random_range(8..=11);
            characters("0123456789", length, random)
        });
        let town = match issuer.script {
            Script::Arabic => (*pick(names.towns, random)).to_owned(),
            _ => printed(pick::<&str>(names.towns, random), issuer),
        };
        Self {
            kind,
            issuer,
            nationality: if random.random_ratio(1, 12) { pick(&COUNTRIES, random) } else { issuer },
            surname,
            given_names,
            sex,
            birth,
            birth_place: town.clone(),
            issued,
            expires: issued.expiry_after(10),
            number,
            personal_number,
            authority: format!("AUTHORITY {}", random.random_range(10..99)),
            height_cm: random.random_range(150..200),
            address: format!("{} HARBOUR ROAD, {}", random.random_range(1..200), town),
        }
    }
}

fn name_person(country: &Country, names: &Names, sex: Sex, random: &mut Random) -> (Name, Option<Name>) {
    let surname = name(pick::<&str>(names.surnames, random), country);
    let has_one_name = random.random_ratio(if country.code == "IDN" { 3 } else { 0 }, 4);
    let is_female = sex == Sex::Female || (sex == Sex::Unspecified && random.random());
    let given = pick(if is_female { names.female } else { names.male }, random);
    (surname, (!has_one_name).then(|| name(given, country)))
}

fn name(written: &str, country: &Country) -> Name {
    let native = match country.script {
        Script::Latin => None,
        Script::Arabic => Some(written.to_owned()),
        _ => Some(written.to_uppercase()),
    };
    Name { native, printed: printed(written, country), mrz: transliterate(written, country.script) }
}

/// In Latin capitals. The sharp s keeps its form, as German documents have it, and the Turkish i its dot.
fn printed(written: &str, country: &Country) -> String {
    match country.script {
        Script::Latin if country.language == "tr" => written.replace('i', "İ").to_uppercase(),
        Script::Latin => written.replace('ß', "ẞ").to_uppercase(),
        Script::Arabic => names::spoken(written).map_or_else(|| written.to_owned(), str::to_owned),
        script => transliterate(written, script).replace('<', " "),
    }
}

/// Letters and digits in the orders that states use; on cards at times longer than its place.
fn number(kind: Kind, random: &mut Random) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const DIGITS: &str = "0123456789";
    match random.random_range(0..5) {
        0 => characters(DIGITS, 9, random),
        1 => characters(LETTERS, 2, random) + &characters(DIGITS, 7, random),
        2 => characters("0123456789CFGHJKLMNPRTVWXYZ", 9, random),
        3 if kind == Kind::Td1 => {
            let length = random.random_range(10..=13);
            characters(LETTERS, 1, random) + &characters(DIGITS, length, random)
        }
        _ => {
            let length = random.random_range(6..=8);
            characters(LETTERS, 1, random) + &characters(DIGITS, length, random)
        }
    }
}

fn characters(alphabet: &str, count: usize, random: &mut Random) -> String {
    (0..count).map(|_| char::from(*pick(alphabet.as_bytes(), random))).collect()
}

/// One of them. No list here is empty.
fn pick<'a, T>(choices: &'a [T], random: &mut Random) -> &'a T {
    choices.choose(random).unwrap_or(&choices[0])
}
