//! The specimens of ICAO 9303 parts 4 to 7 are read as the standard reads them.

use proptest::prelude::*;

use prosopa_engine::mrz::{
    Check, Mrz, Reason, Verdict, Zone,
    fields::{CodeSource, Date, Fault, Sex},
    format::{FieldKind, Format},
};

use super::zones::{MRV_A, TD1, TD1_LONG, TD2, TD3, any_zone, compose, specimens, texts, today, zone};

#[test]
fn every_specimen_is_valid() {
    for zone in specimens() {
        let mrz = Mrz::assess(zone.clone(), &[], today());
        assert_eq!(mrz.verdict, Verdict::Valid, "{:?}", zone.format());
        assert!(mrz.validated_without_repair && mrz.repairs.is_empty());
        assert_eq!(mrz.zone, mrz.original);
    }
}

#[test]
fn the_fields_of_the_passport_are_those_of_the_standard() {
    let fields = Mrz::assess(zone(&TD3), &[], today()).fields;
    assert_eq!(fields.document_code.value, Ok("P".to_owned()));
    assert_eq!(
        fields.issuing_state.value.map(|state| (state.code, state.source)),
        Ok(("UTO".to_owned(), CodeSource::Specimen))
    );
    let names = fields.names.value.clone().expect("names");
    assert_eq!(
        (names.primary.as_str(), names.secondary.as_str(), names.may_be_truncated),
        ("ERIKSSON", "ANNA MARIA", false)
    );
    assert_eq!(fields.document_number.value, Ok("L898902C3".to_owned()));
    assert_eq!(fields.birth_date.value.map(|birth| birth.date()), Ok(Date::new(1974, 8, 12)));
    assert_eq!(fields.sex.value, Ok(Sex::Female));
    assert_eq!(fields.expiry_date.value.ok(), Date::new(2012, 4, 15));
    assert_eq!(fields.optional_data.value, Ok("ZE184226B".to_owned()));
    assert_eq!(fields.composite, Some(Check::Right));
    assert_eq!((fields.names.check, fields.optional_data.check), (Check::Unprotected, Check::Right));
}

#[test]
fn cards_carry_the_same_holder() {
    for lines in [&TD1[..], &TD2[..]] {
        let fields = Mrz::assess(zone(lines), &[], today()).fields;
        assert_eq!(fields.document_number.value, Ok("D23145890".to_owned()));
        assert_eq!(fields.names.value.map(|names| names.secondary), Ok("ANNA MARIA".to_owned()));
        assert_eq!(fields.optional_data.check, Check::CompositeOnly);
        assert_eq!(fields.nationality.check, Check::Unprotected);
    }
}

#[test]
fn a_long_number_runs_on_in_the_optional_data() {
    let fields = Mrz::assess(zone(&TD1_LONG), &[], today()).fields;
    assert_eq!(fields.document_number.value, Ok("D23145890734".to_owned()));
    assert_eq!(fields.document_number.check, Check::Right);
    assert_eq!(fields.optional_data.value, Ok(String::new()));
    let without_rest = ["I<UTOD23145890<<<<<<<<<<<<<<<<", TD1[1], TD1[2]];
    let mrz = Mrz::assess(zone(&without_rest), &[], today());
    assert_eq!(mrz.fields.document_number.check, Check::Absent);
    let Verdict::Invalid(reasons) = mrz.verdict else { panic!("a number without a check digit is valid") };
    assert!(reasons.contains(&Reason::CheckDigitAbsent(FieldKind::DocumentNumber)));
}

#[test]
fn visas_have_no_composite() {
    let fields = Mrz::assess(zone(&MRV_A), &[], today()).fields;
    assert_eq!(fields.composite, None);
    assert_eq!(fields.optional_data.value, Ok("6ZE184226B".to_owned()));
    assert_eq!(fields.optional_data.check, Check::Unprotected);
}

#[test]
fn an_empty_personal_number_may_have_a_filler_or_a_zero_as_check_digit() {
    for digit in ['<', '0'] {
        let second = format!("L898902C36UTO7408122F1204159<<<<<<<<<<<<<<{digit}8");
        let mrz = Mrz::assess(zone(&[TD3[0], &second]), &[], today());
        assert_eq!(mrz.fields.optional_data.check, Check::Right);
    }
    let mrz = Mrz::assess(zone(&[TD3[0], "L898902C36UTO7408122F1204159ZE184226B<<<<<<0"]), &[], today());
    assert_eq!(mrz.fields.optional_data.check, Check::Absent);
}

#[test]
fn what_is_wrong_is_told_by_field() {
    let lines =
        ["P<ZZZERIKSSON<<ANNA<<MARIA<<<<<<<<<<<<<<<<<<", "L898902C37UTO7413122F1204159ZE184226B<<<<<10"];
    let Verdict::Invalid(reasons) = Mrz::assess(zone(&lines), &[], today()).verdict else {
        panic!("valid");
    };
    for reason in [
        Reason::Fault { field: FieldKind::IssuingState, fault: Fault::UnknownState },
        Reason::Fault { field: FieldKind::Names, fault: Fault::Names },
        Reason::Fault { field: FieldKind::BirthDate, fault: Fault::NoSuchDate },
        Reason::CheckDigitWrong(FieldKind::DocumentNumber),
        Reason::CompositeWrong,
    ] {
        assert!(reasons.contains(&reason), "{reason}");
    }
}

/// Personal data stays out of logs.
#[test]
fn debug_shows_no_personal_data() {
    let shown = format!("{:?}", Mrz::assess(zone(&TD3), &[], today()));
    for secret in ["ERIKSSON", "L898902C3", "740812", "1974", "ZE184226B", "2012", "Female"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_text_of_another_shape_is_no_zone() {
    assert!(Zone::from_text(Format::Td3, &TD2).is_err());
    assert!(Zone::from_text(Format::Td1, &TD2).is_err());
    assert!(Zone::from_text(Format::Td2, &[TD2[0], &TD2[1].replace('U', "u")]).is_err());
    assert!(Zone::from_text(Format::Td2, &[TD2[0], &TD2[1].replace('U', "É")]).is_err());
}

proptest! {
    #[test]
    fn what_was_composed_is_read_back(texts in texts(), format in prop::sample::select(Format::ALL.to_vec())) {
        let mrz = Mrz::assess(compose(format, &texts), &[], today());
        prop_assert_eq!(&mrz.verdict, &Verdict::Valid);
        prop_assert_eq!(mrz.fields.document_number.value, Ok(texts.number));
        prop_assert_eq!(mrz.fields.optional_data.value, Ok(texts.optional));
        prop_assert_eq!(mrz.fields.issuing_state.value.map(|state| state.code), Ok(texts.state.to_owned()));
        prop_assert_eq!(mrz.fields.nationality.value.map(|state| state.code), Ok(texts.nationality.to_owned()));
        let names = mrz.fields.names.value.expect("names");
        let joined = if names.secondary.is_empty() { names.primary } else { [names.primary, names.secondary].join("<<") };
        prop_assert_eq!(joined.replace(' ', "<"), texts.names);
    }

    #[test]
    fn the_lines_of_a_zone_make_the_same_zone(any in any_zone()) {
        let lines = any.to_lines();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        prop_assert_eq!(zone(&lines), any);
    }
}
