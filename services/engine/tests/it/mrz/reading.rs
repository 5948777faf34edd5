//! From emissions to a judged zone.

use proptest::prelude::*;

use prosopa_engine::mrz::{
    Verdict, Zone,
    alphabet::Symbol,
    decode::{Emission, FRAMES_MAX},
    format::{FieldKind, Format, Position},
    read,
};

use super::zones::{MRV_B, TD1, TD2, TD3, any_zone, symbol, today, zone};

/// Three frames a character: it, it again, blank; what is not said has a thousandth.
fn emissions(zone: &Zone) -> Vec<Vec<Emission>> {
    let frame =
        |label: usize| -> Emission { std::array::from_fn(|at| if at == label { -0.05 } else { -7.0 }) };
    let of_line = |text: &String| {
        text.chars()
            .flat_map(|character| [symbol(character).index() + 1, symbol(character).index() + 1, 0])
            .map(frame)
            .collect()
    };
    zone.to_lines().iter().map(of_line).collect()
}

fn slices(lines: &[Vec<Emission>]) -> Vec<&[Emission]> {
    lines.iter().map(Vec::as_slice).collect()
}

#[test]
fn the_likeliest_candidate_is_the_format() {
    for (lines, aspect) in [(&TD1[..], 12.0), (&TD2[..], 16.0), (&MRV_B[..], 14.4), (&TD3[..], 16.0)] {
        let right = zone(lines);
        let emitted = emissions(&right);
        let candidates = Format::candidates(lines.len(), aspect);
        let reading = read(&slices(&emitted), candidates, &[], today()).expect("enough frames");
        assert_eq!(reading.mrz.zone, right);
        assert_eq!(reading.mrz.verdict, Verdict::Valid);
        assert_eq!(reading.lines[0].characters[1].frames, 3..5);
    }
}

/// A digit that the recogniser takes for a letter is read as the digit, since its place admits no letter.
#[test]
fn positions_admit_only_what_the_grammar_does() {
    let right = zone(&TD3);
    let misread = right.with(Position { line: 1, column: 15 }, symbol('O'));
    let mut emitted = emissions(&misread);
    for frame in &mut emitted[1][45..47] {
        frame[symbol('0').index() + 1] = -2.0;
    }
    let reading = read(&slices(&emitted), &[Format::Td3], &[], today()).expect("enough frames");
    assert_eq!(reading.mrz.zone, right);
    assert!(reading.mrz.repairs.is_empty());
    let margin = |column: usize| reading.lines[1].characters[column].margin;
    assert!(margin(15) < margin(16), "the doubt is told");
}

#[test]
fn nothing_is_read_where_nothing_fits() {
    let emitted = emissions(&zone(&TD3));
    assert!(read(&slices(&emitted), &[Format::Td1], &[], today()).is_none());
    assert!(read(&slices(&emitted), &[], &[], today()).is_none());
    assert!(read(&[&emitted[0][..43], &emitted[1]], &[Format::Td3], &[], today()).is_none());
    let long = vec![[-1.0; Symbol::COUNT + 1]; FRAMES_MAX + 1];
    assert!(read(&[&long, &long], &[Format::Td3], &[], today()).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_emitted_clearly_is_read_back_in_every_format(right in any_zone()) {
        let emitted = emissions(&right);
        let reading = read(&slices(&emitted), &[right.format()], &[], today()).expect("enough frames");
        prop_assert_eq!(reading.mrz.zone.to_lines(), right.to_lines());
        prop_assert_eq!(&reading.mrz.verdict, &Verdict::Valid);
        prop_assert!(!reading.mrz.is_repaired(FieldKind::DocumentNumber));
    }
}
