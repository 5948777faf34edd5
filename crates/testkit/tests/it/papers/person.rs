//! People: variety, and the tables of transliteration.

use std::collections::BTreeSet;

use prosopa_testkit::papers::person::{Identity, Kind, Script, Sex, transliterate};

use super::support::TODAY;

#[test]
fn names_are_transliterated_as_the_standard_says() {
    for (name, script, expected) in [
        ("Müller-Groß", Script::Latin, "MUELLER<GROSS"),
        ("O'Connor", Script::Latin, "OCONNOR"),
        ("Þórðarson", Script::Latin, "THORDARSON"),
        ("Åkesson Sjögren", Script::Latin, "AAKESSON<SJOEGREN"),
        ("Żółć", Script::Latin, "ZOLC"),
        ("Işık İnönü", Script::Latin, "ISIK<INOENUE"),
        ("Nguyễn Đức", Script::Latin, "NGUYEN<DUC"),
        ("Хрущёв", Script::Russian, "KHRUSHCHEV"),
        ("Щербицький", Script::Ukrainian, "SHCHERBYTSKYI"),
        ("Гнатюк", Script::Ukrainian, "HNATIUK"),
        ("Щерев", Script::Bulgarian, "SHTEREV"),
        // ICAO 9303 part 3, section 6, table C: the example.
        ("محمد", Script::Arabic, "MXHMD"),
        ("الرازي", Script::Arabic, "ALRAZY"),
    ] {
        assert_eq!(transliterate(name, script), expected, "{name}");
    }
}

#[test]
fn the_same_seed_is_the_same_person_and_another_seed_another() {
    assert_eq!(Identity::random(Kind::Td1, TODAY, 7), Identity::random(Kind::Td1, TODAY, 7));
    assert_ne!(Identity::random(Kind::Td1, TODAY, 7), Identity::random(Kind::Td1, TODAY, 8));
}

#[test]
fn people_differ_in_everything_that_readers_stumble_over() {
    let people: Vec<_> = (0..2000).map(|seed| Identity::random(Kind::Td1, TODAY, seed)).collect();
    let countries: BTreeSet<_> = people.iter().map(|person| person.issuer.code).collect();
    assert_eq!(countries.len(), 18);
    let count = |is_so: fn(&Identity) -> bool| people.iter().filter(|person| is_so(person)).count();
    assert!(count(|person| person.given_names.is_none()) > 20);
    assert!(count(|person| person.sex == Sex::Unspecified) > 50);
    assert!(count(|person| person.birth.day.is_none()) > 20);
    assert!(count(|person| person.number.len() > 9) > 200);
    assert!(count(|person| person.surname.native.is_some()) > 200);
    let has_expired = |person: &&Identity| (person.expires.year, person.expires.month) < (2026, Some(6));
    let expired = people.iter().filter(has_expired).count();
    assert!((40..600).contains(&expired), "{expired} of 2000 have expired");
}

#[test]
fn no_letter_of_a_name_is_lost_and_nobody_has_a_document_before_birth() {
    for seed in 0..2000 {
        let person = Identity::random(Kind::Td3, TODAY, seed);
        assert!(person.issued.year >= person.birth.year, "{person:?}");
        assert!(person.expires.year > person.issued.year, "{person:?}");
        for name in [Some(&person.surname), person.given_names.as_ref()].into_iter().flatten() {
            // Arabic names are printed as they sound, with other letters than the zone's.
            if person.issuer.script != Script::Arabic {
                assert_eq!(name.mrz.split('<').count(), name.printed.split([' ', '-']).count(), "{name:?}");
                let count = |text: &str| text.chars().filter(|one| one.is_alphabetic()).count();
                assert!(count(&name.mrz) >= count(&name.printed), "{name:?}");
            }
            assert!(name.mrz.split('<').all(|part| !part.is_empty()), "{name:?}");
            assert!(name.printed.chars().all(|one| !one.is_lowercase()), "{name:?}");
        }
    }
}
