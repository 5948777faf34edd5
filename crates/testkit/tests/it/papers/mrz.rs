//! The machine readable zone, against the specimens of ICAO 9303 and its grammar.

use prosopa_testkit::papers::mrz::{check_digit, lines};
use prosopa_testkit::papers::person::{Date, Identity, Kind, Name, Sex};

use super::support::TODAY;

fn name(mrz: &str) -> Name {
    Name { native: None, printed: mrz.replace('<', " "), mrz: mrz.to_owned() }
}

/// Utopia's specimen: Anna Maria Eriksson.
fn specimen(kind: Kind, number: &str, personal_number: Option<&str>) -> Identity {
    let utopian = (0..).map(|seed| Identity::random(kind, TODAY, seed)).find(|one| one.issuer.code == "UTO");
    let utopian = utopian.unwrap();
    Identity {
        nationality: utopian.issuer,
        surname: name("ERIKSSON"),
        given_names: Some(name("ANNA<MARIA")),
        sex: Sex::Female,
        birth: Date::new(1974, 8, 12),
        expires: Date::new(2012, 4, 15),
        number: number.to_owned(),
        personal_number: personal_number.map(str::to_owned),
        ..utopian
    }
}

/// ICAO 9303 part 4, appendix B.
#[test]
fn the_passport_of_the_standard_is_written_as_there() {
    let passport = specimen(Kind::Td3, "L898902C3", Some("ZE184226B"));
    assert_eq!(
        lines(&passport),
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
    );
}

/// ICAO 9303 part 5, appendix B.
#[test]
fn the_card_of_the_standard_is_written_as_there() {
    let card = specimen(Kind::Td1, "D23145890", None);
    assert_eq!(
        lines(&card),
        [
            "I<UTOD231458907<<<<<<<<<<<<<<<",
            "7408122F1204159UTO<<<<<<<<<<<6",
            "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
        ]
    );
}

/// ICAO 9303 part 5, appendix B: a number of more than nine characters.
#[test]
fn a_long_number_goes_on_in_the_optional_part() {
    let card = specimen(Kind::Td1, "D23145890734", None);
    let written = lines(&card);
    assert_eq!(written[0], "I<UTOD23145890<7349<<<<<<<<<<<");
    assert_eq!(written[1], "7408122F1204159UTO<<<<<<<<<<<6");
}

#[test]
fn a_name_too_long_is_cut_so_that_the_last_place_has_a_letter() {
    let mut passport = specimen(Kind::Td3, "L898902C3", None);
    passport.surname = name("BENNELONG<WOOLOOMOOLOO<WARRANDYTE<WARNAMBOOL");
    passport.given_names = Some(name("DINGO<POTOROO"));
    let first = &lines(&passport)[0];
    assert_eq!(first, "P<UTOBENNELONG<WOOLOOMOOLOO<WARRA<W<<DINGO<P");
    assert_eq!(lines(&passport)[1].as_bytes()[42], b'<', "no optional data, no check digit");

    passport.given_names = None;
    passport.surname = name("SUHARTO");
    assert_eq!(lines(&passport)[0], format!("{:<<44}", "P<UTOSUHARTO"));
}

#[test]
fn an_unknown_birthday_is_filler() {
    let mut card = specimen(Kind::Td1, "D23145890", None);
    card.birth = Date { year: 1950, month: None, day: None };
    card.sex = Sex::Unspecified;
    let dates = &lines(&card)[1][..8];
    assert_eq!(dates, format!("50<<<<{}<", check_digit("50<<<<")));
}

/// Issue 8, synthetic documents: every made zone follows the grammar and its check digits.
#[test]
fn every_zone_has_the_right_length_letters_and_check_digits() {
    for seed in 0..2000 {
        for (kind, count, length) in [(Kind::Td1, 3, 30), (Kind::Td3, 2, 44)] {
            let identity = Identity::random(kind, TODAY, seed);
            let written = lines(&identity);
            assert_eq!(written.len(), count, "seed {seed}");
            for line in &written {
                assert_eq!(line.len(), length, "seed {seed}: {line}");
                let is_allowed = |one: u8| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'<';
                assert!(line.bytes().all(is_allowed), "seed {seed}: {line}");
            }
            let names = if kind == Kind::Td1 { &written[2][..] } else { &written[0][5..] };
            assert!(names.starts_with(|one: char| one.is_ascii_uppercase()), "seed {seed}: {names}");
            assert_eq!(
                names.contains("<<"),
                names.ends_with('<') || identity.given_names.is_some(),
                "{names}"
            );
            assert!(!names.bytes().any(|one| one.is_ascii_digit()), "seed {seed}: {names}");
            match kind {
                Kind::Td1 => assert_card(&written, &identity.number),
                Kind::Td3 => assert_passport(&written[1]),
            }
        }
    }
}

fn assert_checked(line: &str, from: usize, check: usize) {
    assert!(line[check..].starts_with(check_digit(&line[from..check])), "{line}: {from}..{check}");
}

fn assert_passport(line: &str) {
    assert_checked(line, 0, 9);
    assert_checked(line, 13, 19);
    assert_checked(line, 21, 27);
    if &line[42..43] != "<" {
        assert_checked(line, 28, 42);
    }
    let composite = format!("{}{}{}", &line[..10], &line[13..20], &line[21..43]);
    assert!(line.ends_with(check_digit(&composite)), "{line}");
}

fn assert_card(lines: &[String], number: &str) {
    let (first, second) = (&lines[0], &lines[1]);
    if number.len() > 9 {
        let optional = first[15..].trim_end_matches('<');
        assert_eq!(&first[14..15], "<");
        assert_eq!(format!("{}{optional}", &first[5..14]), format!("{number}{}", check_digit(number)));
    } else {
        assert_checked(first, 5, 14);
    }
    assert_checked(second, 0, 6);
    assert_checked(second, 8, 14);
    let composite = format!("{}{}{}{}", &first[5..], &second[..7], &second[8..15], &second[18..29]);
    assert!(second.ends_with(check_digit(&composite)), "{first} {second}");
}
