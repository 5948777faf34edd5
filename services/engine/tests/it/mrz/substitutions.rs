//! One character replaced: what check digits can catch is refused, what they cannot is flagged.

use proptest::prelude::*;

use prosopa_engine::mrz::{
    Check, Mrz, Verdict, Zone,
    alphabet::Symbol,
    fields::Fields,
    format::{FieldKind, Position, Role},
    repair::confusions,
};

use super::zones::{TD3, any_zone, positions, specimens, today, with_number, zone};

/// Check and flags of a field.
fn flags(fields: &Fields, kind: FieldKind) -> (Check, bool, bool) {
    macro_rules! of {
        ($name:ident) => {
            (fields.$name.check, fields.$name.is_ambiguous, fields.$name.has_look_alike)
        };
    }
    match kind {
        FieldKind::DocumentCode => of!(document_code),
        FieldKind::IssuingState => of!(issuing_state),
        FieldKind::Names => of!(names),
        FieldKind::DocumentNumber => of!(document_number),
        FieldKind::Nationality => of!(nationality),
        FieldKind::BirthDate => of!(birth_date),
        FieldKind::Sex => of!(sex),
        FieldKind::ExpiryDate => of!(expiry_date),
        FieldKind::OptionalData => of!(optional_data),
        FieldKind::OptionalDataSecond => of!(optional_data_second),
    }
}

/// What happens to a valid zone when one symbol is replaced is what the rules say.
fn check_substitution(right: &Zone, at: Position, symbol: Symbol) -> Result<(), TestCaseError> {
    let before = Fields::read(right, today());
    let after = Mrz::assess(right.with(at, symbol), &[], today());
    let is_valid = after.verdict == Verdict::Valid;
    prop_assert_eq!(is_valid, after.validated_without_repair);
    prop_assert!(!is_valid || after.repairs.is_empty());
    if !right.allowed(at).contains(symbol) {
        prop_assert!(!is_valid, "{at:?} admits what the grammar does not");
    }
    let kind = match right.format().role(at) {
        Some(Role::Value(kind) | Role::CheckDigit(kind)) => kind,
        Some(Role::CompositeCheckDigit) => {
            prop_assert!(!is_valid, "the composite can be any digit");
            return Ok(());
        }
        None => return Err(TestCaseError::fail("outside the lines")),
    };
    let (check, is_ambiguous, has_look_alike) = flags(&before, kind);
    if check == Check::Unprotected {
        prop_assert!(!is_ambiguous && !has_look_alike);
    } else if !right.at(at).counts_as(symbol) {
        prop_assert!(!is_valid, "a check digit misses {at:?}");
    } else if is_valid {
        let (_, is_still_ambiguous, had_look_alike) = flags(&after.fields, kind);
        prop_assert!(is_ambiguous && is_still_ambiguous, "{at:?} is not flagged");
        if confusions(symbol).contains(right.at(at)) {
            prop_assert!(has_look_alike && had_look_alike, "the look-alike at {at:?} is not flagged");
        }
    }
    Ok(())
}

/// Every substitution of every position of the specimens.
#[test]
fn no_substitution_in_a_specimen_passes_unseen() {
    for right in specimens() {
        for at in positions(right.format()) {
            for symbol in Symbol::all().filter(|symbol| *symbol != right.at(at)) {
                check_substitution(&right, at, symbol).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_substitution_passes_unseen(
        right in any_zone(),
        place in any::<prop::sample::Index>(),
        symbol in 0..Symbol::COUNT,
    ) {
        let all: Vec<Position> = positions(right.format()).collect();
        let at = *place.get(&all);
        let symbol = Symbol::from_index(symbol).expect("below 37");
        if symbol != right.at(at) {
            check_substitution(&right, at, symbol)?;
        }
    }
}

/// 6 and G, 1 and L, K and the filler count the same.
#[test]
fn look_alikes_that_count_the_same_are_flagged_and_others_are_not() {
    for (number, expected) in
        [("L898902C3", true), ("G00000000", true), ("500000006", true), ("XY2345789", false)]
    {
        let fields = Fields::read(&with_number(number), today());
        assert_eq!(fields.document_number.has_look_alike, expected, "{number}");
        assert!(fields.document_number.is_ambiguous);
        assert!(!fields.expiry_date.is_ambiguous, "a date of digits has no twins");
    }
    assert!(Fields::read(&zone(&TD3), today()).optional_data.has_look_alike, "6 and G, K and the filler");
}
