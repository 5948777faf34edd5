//! The machine readable zone of cards and passports (ICAO 9303 parts 3, 4 and 5). Writes it, and never reads it: the
//! product's reader must not be tested by its own rules.

use crate::papers::person::{Identity, Kind};

/// The lines: three of 30 for a card, two of 44 for a passport.
pub fn lines(identity: &Identity) -> Vec<String> {
    match identity.kind {
        Kind::Td1 => card_lines(identity),
        Kind::Td3 => passport_lines(identity),
    }
}

/// The check digit of a field: weights 7, 3, 1; A is 10, Z is 35, the filler 0 (part 3, 4.9).
pub fn check_digit(field: &str) -> char {
    let sum: u32 = field
        .bytes()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(character, weight)| {
            let value = match character {
                b'0'..=b'9' => character - b'0',
                b'A'..=b'Z' => character - b'A' + 10,
                _ => 0,
            };
            u32::from(value) * weight
        })
        .sum();
    char::from(b'0' + (sum % 10) as u8)
}

fn card_lines(identity: &Identity) -> Vec<String> {
    let personal = identity.personal_number.as_deref().unwrap_or("");
    // A number too long for its place goes on in the optional part, its check digit behind it (part 5, 4.2.2.1 note j).
    let number = match identity.number.split_at_checked(9) {
        Some((start, rest)) if !rest.is_empty() => {
            let check = check_digit(&identity.number);
            filled(&format!("{start}<{rest}{check}<"), 25)
        }
        _ => {
            let number = filled(&identity.number, 9);
            let check = check_digit(&number);
            filled(&format!("{number}{check}"), 25)
        }
    };
    let first = filled("I", 2) + &filled(identity.issuer.code, 3) + &number;
    let dates = dated(identity);
    let nationality = filled(identity.nationality.code, 3);
    let optional = filled(personal, 11);
    let composite = check_digit(&format!("{}{}{}{optional}", &first[5..], &dates[..7], &dates[8..]));
    let second = format!("{dates}{nationality}{optional}{composite}");
    vec![first, second, names(identity, 30)]
}

fn passport_lines(identity: &Identity) -> Vec<String> {
    let first = filled("P", 2) + &filled(identity.issuer.code, 3) + &names(identity, 39);
    let number = filled(&identity.number, 9);
    let number = format!("{number}{}", check_digit(&number));
    let dates = dated(identity);
    let personal = filled(identity.personal_number.as_deref().unwrap_or(""), 14);
    let check = match identity.personal_number {
        Some(_) => check_digit(&personal),
        None => '<',
    };
    let optional = format!("{personal}{check}");
    let composite = check_digit(&format!("{number}{}{}{optional}", &dates[..7], &dates[8..]));
    let nationality = filled(identity.nationality.code, 3);
    vec![first, format!("{number}{nationality}{dates}{optional}{composite}")]
}

/// Date of birth, sex and date of expiry with their check digits: 15 characters.
fn dated(identity: &Identity) -> String {
    let (birth, expiry) = (identity.birth.to_mrz(), identity.expires.to_mrz());
    format!("{birth}{}{}{expiry}{}", check_digit(&birth), identity.sex.to_mrz(), check_digit(&expiry))
}

/// Surname, `<<` and given names, cut to `room` as part 3, 4.6 and part 4, 4.2.3 ask: a part of a name is shortened, to
/// its first letter at the most, the least important first; a full field then ends in a letter, which tells of the cut.
fn names(identity: &Identity, room: usize) -> String {
    let parts = |name: &str| name.split('<').map(str::to_owned).collect::<Vec<_>>();
    let mut surnames = parts(&identity.surname.mrz);
    let mut given = identity.given_names.as_ref().map(|name| parts(&name.mrz)).unwrap_or_default();
    let joined = |surnames: &[String], given: &[String]| match given {
        [] => surnames.join("<"),
        _ => format!("{}<<{}", surnames.join("<"), given.join("<")),
    };
    let mut excess = joined(&surnames, &given).len().saturating_sub(room);
    let shortened = given.iter_mut().skip(1).rev().chain(surnames.iter_mut().skip(1).rev());
    for part in shortened {
        let cut = excess.min(part.len() - 1);
        part.truncate(part.len() - cut);
        excess -= cut;
    }
    for part in [given.first_mut(), surnames.first_mut()].into_iter().flatten() {
        let cut = excess.min(part.len() - 1);
        part.truncate(part.len() - cut);
        excess -= cut;
    }
    let mut names = joined(&surnames, &given);
    names.truncate(room);
    filled(&names, room)
}

/// With filler up to the length.
fn filled(text: &str, length: usize) -> String {
    format!("{text:<<length$}")
}
