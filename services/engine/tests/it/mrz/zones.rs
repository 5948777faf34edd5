//! Zones to test with: the specimens of ICAO 9303 and random valid ones of every format.

use proptest::prelude::*;

use prosopa_engine::mrz::{
    Zone,
    alphabet::{Symbol, check_digit},
    fields::Date,
    format::{FieldKind, Format, Position},
};

pub(crate) const TD1: [&str; 3] =
    ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
/// Part 5: a document number of more than nine characters.
pub(crate) const TD1_LONG: [&str; 3] =
    ["I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"];
pub(crate) const TD2: [&str; 2] =
    ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];
pub(crate) const TD3: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
pub(crate) const MRV_A: [&str; 2] =
    ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"];
pub(crate) const MRV_B: [&str; 2] =
    ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"];

pub(crate) fn today() -> Date {
    Date::new(2010, 6, 1).expect("a day")
}

pub(crate) fn symbol(character: char) -> Symbol {
    u8::try_from(character).ok().and_then(Symbol::from_ascii).expect("of the alphabet")
}

pub(crate) fn zone(lines: &[&str]) -> Zone {
    Zone::from_text(Format::recognise(lines).expect("a format"), lines).expect("a zone")
}

pub(crate) fn specimens() -> Vec<Zone> {
    vec![zone(&TD1), zone(&TD1_LONG), zone(&TD2), zone(&TD3), zone(&MRV_A), zone(&MRV_B)]
}

pub(crate) fn positions(format: Format) -> impl Iterator<Item = Position> {
    (0..format.line_count())
        .flat_map(move |line| (0..format.line_len()).map(move |column| Position { line, column }))
}

/// The texts that a random zone is made of.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    pub(crate) state: &'static str,
    pub(crate) names: String,
    pub(crate) number: String,
    pub(crate) nationality: &'static str,
    pub(crate) birth: String,
    pub(crate) sex: &'static str,
    pub(crate) expiry: String,
    pub(crate) optional: String,
}

pub(crate) fn texts() -> impl Strategy<Value = Texts> {
    let state = || prop::sample::select(vec!["FRA", "D", "UTO", "GBN", "BOL", "XXB", "SLV"]);
    let date = || (0..100, 1..=12, 1..=28).prop_map(|(y, m, d)| format!("{y:02}{m:02}{d:02}"));
    // No expiry before a birth: births up to 2010, expiries up to 2040.
    let expiry = (10..=40, 7..=12, 1..=28).prop_map(|(y, m, d)| format!("{y:02}{m:02}{d:02}"));
    let birth = prop_oneof![6 => date(), 1 => Just("74<<<<".to_owned()), 1 => Just("<<<<<<".to_owned())];
    let names = "[A-Z]{1,8}(<[A-Z]{1,4})?(<<[A-Z]{1,6}(<[A-Z]{1,3})?)?";
    let sex = prop::sample::select(vec!["M", "F", "<"]);
    (state(), names, "[A-Z0-9]{1,9}", state(), birth, sex, expiry, "[A-Z0-9]{0,7}").prop_map(
        |(state, names, number, nationality, birth, sex, expiry, optional)| Texts {
            state,
            names,
            number,
            nationality,
            birth,
            sex,
            expiry,
            optional,
        },
    )
}

pub(crate) fn any_zone() -> impl Strategy<Value = Zone> {
    (prop::sample::select(Format::ALL.to_vec()), texts()).prop_map(|(format, texts)| compose(format, &texts))
}

/// A zone with right check digits.
pub(crate) fn compose(format: Format, texts: &Texts) -> Zone {
    let code = match format {
        Format::Td1 | Format::Td2 => "ID",
        Format::Td3 => "P",
        Format::MrvA | Format::MrvB => "V",
    };
    let lines = vec![vec![Symbol::FILLER; format.line_len()]; format.line_count()];
    let mut zone = Zone::from_symbols(format, lines).expect("of the format's shape");
    for spec in format.fields() {
        let text = match spec.kind {
            FieldKind::DocumentCode => code,
            FieldKind::IssuingState => texts.state,
            FieldKind::Names => &texts.names,
            FieldKind::DocumentNumber => &texts.number,
            FieldKind::Nationality => texts.nationality,
            FieldKind::BirthDate => &texts.birth,
            FieldKind::Sex => texts.sex,
            FieldKind::ExpiryDate => &texts.expiry,
            FieldKind::OptionalData => &texts.optional,
            FieldKind::OptionalDataSecond => "",
        };
        for (at, character) in spec.span.positions().zip(text.chars()) {
            zone = zone.with(at, symbol(character));
        }
        if let Some(at) = spec.check_digit {
            let digit = check_digit(zone.symbols(spec.span));
            zone = zone.with(at, symbol(char::from_digit(digit, 10).expect("a digit")));
        }
    }
    if let Some(composite) = format.composite() {
        let digit = check_digit(composite.spans.iter().flat_map(|span| zone.symbols(*span)));
        zone = zone.with(composite.check_digit, symbol(char::from_digit(digit, 10).expect("a digit")));
    }
    zone
}

/// A passport with this document number and nothing that readers mix up elsewhere in its check digits' reach.
pub(crate) fn with_number(number: &str) -> Zone {
    let texts = Texts {
        state: "FRA",
        names: "A".to_owned(),
        number: number.to_owned(),
        nationality: "FRA",
        birth: "740812".to_owned(),
        sex: "F",
        expiry: "120415".to_owned(),
        optional: String::new(),
    };
    compose(Format::Td3, &texts)
}
