//! Every position of every format has one role and admits something.

use super::*;

fn positions(format: Format) -> impl Iterator<Item = Position> {
    (0..format.line_count())
        .flat_map(move |line| (0..format.line_len()).map(move |column| Position { line, column }))
}

#[test]
fn every_position_belongs_to_exactly_one_thing() {
    for format in Format::ALL {
        for at in positions(format) {
            let values = format.fields().iter().filter(|field| field.span.contains(at)).count();
            let digits = format.fields().iter().filter(|field| field.check_digit == Some(at)).count();
            let composite = usize::from(format.composite().is_some_and(|all| all.check_digit == at));
            assert_eq!(values + digits + composite, 1, "{format:?} {at:?}");
            assert_ne!(format.allowed(at), SymbolSet::EMPTY, "{format:?} {at:?}");
        }
    }
}

#[test]
fn nothing_is_admitted_outside_the_lines() {
    for format in Format::ALL {
        for at in [
            Position { line: 0, column: format.line_len() },
            Position { line: format.line_count(), column: 0 },
        ] {
            assert_eq!(format.allowed(at), SymbolSet::EMPTY);
            assert_eq!(format.role(at), None);
        }
    }
}

/// The composite covers every other check digit and the fields that have one (parts 4 to 6).
#[test]
fn the_composite_covers_what_has_check_digits() {
    for format in [Format::Td1, Format::Td2, Format::Td3] {
        let composite = format.composite().expect("not a visa");
        for at in positions(format) {
            let is_checked = match format.role(at) {
                Some(Role::CheckDigit(_)) => true,
                Some(Role::Value(kind)) => {
                    let field = format.field(kind);
                    field.check_digit.is_some() || field.grammar == Grammar::Optional
                }
                _ => false,
            };
            assert_eq!(composite.spans.iter().any(|span| span.contains(at)), is_checked, "{format:?} {at:?}");
        }
    }
}

#[test]
fn formats_are_told_by_shape_and_a_v_in_front() {
    let line = |first: char, len: usize| format!("{first}{}", "<".repeat(len - 1));
    for (first, len, count, format) in [
        ('I', 30, 3, Some(Format::Td1)),
        ('I', 36, 2, Some(Format::Td2)),
        ('P', 44, 2, Some(Format::Td3)),
        ('V', 44, 2, Some(Format::MrvA)),
        ('V', 36, 2, Some(Format::MrvB)),
        ('P', 43, 2, None),
        ('I', 30, 2, None),
    ] {
        let line = line(first, len);
        assert_eq!(Format::recognise(&vec![line.as_str(); count]), format);
    }
    assert_eq!(Format::recognise(&[]), None);
    assert_eq!(Format::candidates(2, 17.6), [Format::Td3, Format::MrvA]);
    assert_eq!(Format::candidates(2, 14.4), [Format::Td2, Format::MrvB]);
    assert_eq!(Format::candidates(2, 16.0).len(), 4);
    assert_eq!(Format::candidates(3, 12.0), [Format::Td1]);
    assert!(Format::candidates(4, 12.0).is_empty());
}
