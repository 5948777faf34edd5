//! Repairs are few, told, and never make a document valid.

use proptest::prelude::*;

use prosopa_engine::mrz::{
    Mrz, Reason, Verdict,
    fields::Fault,
    format::{FieldKind, Position, Role},
    repair::{Printed, Why, confusions, repair},
};

use super::zones::{TD1, TD3, any_zone, positions, symbol, today, with_number, zone};

/// The specimen passport with one character replaced, assessed.
fn damaged(line: usize, column: usize, to: char, printed: &[Printed<'_>]) -> Mrz {
    Mrz::assess(zone(&TD3).with(Position { line, column }, symbol(to)), printed, today())
}

#[test]
fn a_letter_among_the_digits_is_repaired_by_grammar() {
    let mrz = damaged(1, 15, 'O', &[]);
    assert_eq!(mrz.zone, zone(&TD3));
    let [repair] = mrz.repairs.as_slice() else { panic!("{:?}", mrz.repairs) };
    assert_eq!((repair.at, repair.why), (Position { line: 1, column: 15 }, Why::Grammar));
    assert_eq!(
        (repair.from, repair.to, repair.role),
        (symbol('O'), symbol('0'), Role::Value(FieldKind::BirthDate))
    );
    assert_eq!(mrz.verdict, Verdict::Invalid(vec![Reason::Repaired]));
    assert!(mrz.is_repaired(FieldKind::BirthDate) && !mrz.is_repaired(FieldKind::ExpiryDate));
    assert!(!mrz.validated_without_repair);
}

#[test]
fn a_number_is_repaired_by_the_only_substitution_that_checks() {
    let right = with_number("NH8MWEYRH");
    let mrz = Mrz::assess(right.with(Position { line: 1, column: 2 }, symbol('B')), &[], today());
    assert_eq!(mrz.zone, right);
    assert_eq!(mrz.repairs.iter().map(|repair| repair.why).collect::<Vec<_>>(), [Why::CheckDigit]);
    assert_eq!(mrz.verdict, Verdict::Invalid(vec![Reason::Repaired]));
}

/// In LB98902C3 an 8 for the B checks, and so does a B for the other 8: the wrong one of two is worse than none.
#[test]
fn a_number_with_two_ways_to_check_is_left_as_read() {
    let mrz = damaged(1, 1, 'B', &[]);
    assert!(mrz.repairs.is_empty());
    let own = Reason::CheckDigitWrong(FieldKind::DocumentNumber);
    assert_eq!(mrz.verdict, Verdict::Invalid(vec![own, Reason::CompositeWrong]));
}

/// K5: of two ways the one that the recogniser finds far likelier is taken, and told; of two that it finds alike, none is.
#[test]
fn the_likeliest_of_several_ways_is_taken() {
    let likelier = |nats: f64| {
        move |at: Position, to| if (at.column, to) == (1, symbol('8')) { -1.0 } else { -1.0 - nats }
    };
    let mrz = damaged(1, 1, 'B', &[]).with_likeliest_repair(likelier(5.0), today());
    assert_eq!(mrz.zone, zone(&TD3));
    assert_eq!(mrz.repairs.iter().map(|repair| repair.why).collect::<Vec<_>>(), [Why::CheckDigit]);
    assert_eq!(mrz.verdict, Verdict::Invalid(vec![Reason::Repaired]));
    let alike = damaged(1, 1, 'B', &[]);
    assert_eq!(alike.clone().with_likeliest_repair(likelier(1.0), today()), alike);
    let valid = Mrz::assess(zone(&TD3), &[], today());
    assert_eq!(valid.clone().with_likeliest_repair(likelier(5.0), today()), valid);
}

#[test]
fn two_wrong_fields_are_not_repaired_by_check_digits() {
    let both = zone(&TD3)
        .with(Position { line: 1, column: 1 }, symbol('B'))
        .with(Position { line: 1, column: 36 }, symbol('8'));
    let (repaired, repairs) = repair(&both, &[]);
    assert_eq!((repaired, repairs), (both, Vec::new()));
}

/// An I may be a 1 or an L, which count the same: only the printed zone can say.
#[test]
fn the_printed_zone_decides_between_look_alikes() {
    let at = Position { line: 0, column: 8 };
    let misread = zone(&TD1).with(at, symbol('I'));
    assert!(repair(&misread, &[]).1.is_empty());
    let printed = Printed { field: FieldKind::DocumentNumber, text: "D23145890" };
    let (repaired, repairs) = repair(&misread, &[printed]);
    assert_eq!(repaired, zone(&TD1));
    assert_eq!(repairs.iter().map(|repair| repair.why).collect::<Vec<_>>(), [Why::Printed]);
    for text in ["", "D23145890123", "d23145890", "D23245890", "D231458 90"] {
        let other = Printed { field: FieldKind::DocumentNumber, text };
        assert!(repair(&misread, &[other]).1.is_empty(), "{text}");
    }
}

/// A difference between sources is for the caller to compare, not for the reader to smooth over.
#[test]
fn the_printed_zone_changes_nothing_that_checks() {
    for (field, text) in
        [(FieldKind::DocumentNumber, "LB98902C3"), (FieldKind::Names, "ERIKSSDN<<ANNA<MARIA")]
    {
        assert!(repair(&zone(&TD3), &[Printed { field, text }]).1.is_empty());
    }
}

#[test]
fn names_are_not_guessed() {
    let mrz = damaged(0, 10, '0', &[]);
    assert!(mrz.repairs.is_empty());
    let fault = Reason::Fault { field: FieldKind::Names, fault: Fault::Grammar };
    assert_eq!(mrz.verdict, Verdict::Invalid(vec![fault]));
    let lines = [TD3[0].replace("SSON", "SS0N"), TD3[1].to_owned()];
    let misread = zone(&[&lines[0], &lines[1]]);
    assert!(repair(&misread, &[]).1.is_empty());
    let printed = Printed { field: FieldKind::Names, text: "ERIKSSON<<ANNA<MARIA" };
    assert_eq!(repair(&misread, &[printed]).0, zone(&TD3));
}

#[test]
fn letters_among_the_closing_fillers_are_fillers() {
    let misread = zone(&TD3)
        .with(Position { line: 0, column: 34 }, symbol('K'))
        .with(Position { line: 0, column: 43 }, symbol('C'));
    let (repaired, repairs) = repair(&misread, &[]);
    assert_eq!(repaired, zone(&TD3));
    assert!(repairs.len() == 2 && repairs.iter().all(|repair| repair.why == Why::Grammar));
    assert!(repair(&misread.with(Position { line: 0, column: 38 }, symbol('W')), &[]).1.is_empty());
}

#[test]
fn a_state_is_repaired_where_one_choice_is_known() {
    let mrz = damaged(1, 12, '0', &[]);
    assert_eq!(mrz.zone, zone(&TD3));
    assert_eq!(mrz.repairs.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever is repaired after one look-alike substitution is what stood there.
    #[test]
    fn a_repair_restores_what_was_misread(
        right in any_zone(),
        place in any::<prop::sample::Index>(),
        choice in any::<prop::sample::Index>(),
    ) {
        let places: Vec<Position> = positions(right.format())
            .filter(|at| confusions(right.at(*at)).iter().next().is_some())
            .collect();
        let at = *place.get(&places);
        let look_alikes: Vec<_> = confusions(right.at(at)).iter().collect();
        let (repaired, repairs) = repair(&right.with(at, *choice.get(&look_alikes)), &[]);
        if !repairs.is_empty() {
            prop_assert_eq!(repaired.to_lines(), right.to_lines());
        }
    }

    #[test]
    fn a_valid_zone_is_left_alone(right in any_zone(), text in "[A-Z0-9<]{0,9}") {
        let printed = Printed { field: FieldKind::DocumentNumber, text: &text };
        prop_assert!(repair(&right, &[printed]).1.is_empty());
    }

    #[test]
    fn no_text_panics_and_none_becomes_valid_by_repair(
        lines in prop::collection::vec("[A-Z0-9<]{44}", 2),
        printed in "[ -~]{0,12}",
    ) {
        let lines = [format!("P{}", &lines[0][1..]), lines[1].clone()];
        let printed = [
            Printed { field: FieldKind::Names, text: &printed },
            Printed { field: FieldKind::OptionalDataSecond, text: &printed },
        ];
        let mrz = Mrz::assess(zone(&[&lines[0], &lines[1]]), &printed, today());
        prop_assert_eq!(mrz.verdict == Verdict::Valid, mrz.validated_without_repair);
    }
}
