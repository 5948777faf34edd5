//! A zone as the contract tells it.

use prosopa_contract::engine::{
    MachineReadableZone, Point as WirePoint, RepairReason, ZoneCheck, ZoneField, ZoneFieldName, ZoneFormat,
    ZoneLine, ZoneProblem, ZoneProblemKind, ZoneRepair,
};

use super::zone::{Found, Row};
use crate::{
    image::Quad,
    mrz::{
        Check, Mrz, Reason, Verdict,
        decode::Character,
        fields::{BirthDate, CodeSource, Date, Fault, Field, Sex, State},
        format::{FieldKind, Format, Position, Span},
        repair::Why,
    },
};

/// How sure a field with a repaired character can be at most.
const REPAIRED_CONFIDENCE_MAX: f32 = 0.5;

/// Corners as the contract has them.
pub(super) fn corners(quad: &Quad) -> Vec<WirePoint> {
    quad.0.iter().map(|point| WirePoint { x: point.x, y: point.y }).collect()
}

/// The whole zone; `today` decides whether the document is expired.
pub(super) fn zone(found: &Found, today: Date) -> MachineReadableZone {
    let mrz = &found.mrz;
    let line = |(text, row): (String, &Row)| ZoneLine {
        text,
        confidences: row.characters.iter().map(confidence).collect(),
        corners: corners(&row.quad),
    };
    let repairs = mrz.repairs.iter().map(|repair| ZoneRepair {
        line: repair.at.line as u32,
        column: repair.at.column as u32,
        from: repair.from.to_char().into(),
        to: repair.to.to_char().into(),
        reason: match repair.why {
            Why::Grammar => RepairReason::Grammar,
            Why::CheckDigit => RepairReason::CheckDigit,
            Why::Printed => RepairReason::Printed,
        }
        .into(),
    });
    let problems = match &mrz.verdict {
        Verdict::Valid => Vec::new(),
        Verdict::Invalid(reasons) => reasons.iter().map(problem).collect(),
    };
    let issuer = mrz.fields.issuing_state.value.as_ref();
    MachineReadableZone {
        format: format(mrz.zone.format()).into(),
        lines: mrz.zone.to_lines().into_iter().zip(&found.rows).map(line).collect(),
        fields: fields(found),
        repairs: repairs.collect(),
        is_valid: mrz.verdict == Verdict::Valid,
        problems,
        is_composite_right: mrz.fields.composite.map(|check| check == Check::Right),
        is_expired: mrz.fields.is_expired(today),
        is_specimen: issuer.is_ok_and(|state| state.source == CodeSource::Specimen),
    }
}

/// How likely a character is, against the best reading with another one in its place.
fn confidence(character: &Character) -> f32 {
    (1.0 / (1.0 + (-character.margin).exp())) as f32
}

fn format(format: Format) -> ZoneFormat {
    match format {
        Format::Td1 => ZoneFormat::Td1,
        Format::Td2 => ZoneFormat::Td2,
        Format::Td3 => ZoneFormat::Td3,
        Format::MrvA => ZoneFormat::MrvA,
        Format::MrvB => ZoneFormat::MrvB,
    }
}

fn fields(found: &Found) -> Vec<ZoneField> {
    let Mrz { fields, .. } = &found.mrz;
    let teller = Teller { found };
    let state = |state: &State| state.code.clone();
    let mut told = vec![
        teller.tell(FieldKind::DocumentCode, &fields.document_code, Clone::clone),
        teller.tell(FieldKind::IssuingState, &fields.issuing_state, state),
    ];
    let surname = teller.tell(FieldKind::Names, &fields.names, |names| names.primary.clone());
    let given = teller.tell(FieldKind::Names, &fields.names, |names| names.secondary.clone());
    let may_be_truncated = fields.names.value.as_ref().is_ok_and(|names| names.may_be_truncated);
    told.push(ZoneField { may_be_truncated, ..surname });
    told.push(ZoneField { name: ZoneFieldName::GivenNames.into(), may_be_truncated, ..given });
    told.extend([
        teller.tell(FieldKind::DocumentNumber, &fields.document_number, Clone::clone),
        teller.tell(FieldKind::Nationality, &fields.nationality, state),
        teller.tell(FieldKind::BirthDate, &fields.birth_date, birth),
        teller.tell(FieldKind::Sex, &fields.sex, |sex| sex_letter(*sex).to_owned()),
        teller.tell(FieldKind::ExpiryDate, &fields.expiry_date, day),
        teller.tell(FieldKind::OptionalData, &fields.optional_data, Clone::clone),
    ]);
    if found.mrz.zone.format() == Format::Td1 {
        told.push(teller.tell(FieldKind::OptionalDataSecond, &fields.optional_data_second, Clone::clone));
    }
    told
}

struct Teller<'a> {
    found: &'a Found,
}

impl Teller<'_> {
    fn tell<T>(&self, kind: FieldKind, field: &Field<T>, value: impl FnOnce(&T) -> String) -> ZoneField {
        let span = self.found.mrz.zone.format().field(kind).span;
        let is_repaired = self.found.mrz.is_repaired(kind);
        let least = span.positions().map(|at| self.confidence_at(at)).fold(1.0, f32::min);
        ZoneField {
            name: name(kind).into(),
            value: field.value.as_ref().ok().map(value),
            text: field.text.clone(),
            confidence: if is_repaired { least.min(REPAIRED_CONFIDENCE_MAX) } else { least },
            corners: self.place(span).map(|quad| corners(&quad)).unwrap_or_default(),
            check: check(field.check).into(),
            is_repaired,
            has_look_alike: field.has_look_alike,
            may_be_truncated: false,
        }
    }

    fn confidence_at(&self, at: Position) -> f32 {
        let row = self.found.rows.get(at.line);
        row.and_then(|row| row.characters.get(at.column)).map_or(0.0, confidence)
    }

    /// The characters of a span in the picture: the frames that emit them, and half a character on each side.
    fn place(&self, span: Span) -> Option<Quad> {
        let row = self.found.rows.get(span.line)?;
        let first = row.characters.get(span.start)?;
        let last = row.characters.get((span.start + span.len).checked_sub(1)?)?;
        let half = row.frames_wide / row.characters.len() as f32 / 2.0;
        let middle = |character: &Character| (character.frames.start + character.frames.end) as f32 / 2.0;
        let part = |frame: f32| (frame / row.frames_wide).clamp(0.0, 1.0);
        Some(row.quad.part(part(middle(first) - half), part(middle(last) + half)))
    }
}

fn name(kind: FieldKind) -> ZoneFieldName {
    match kind {
        FieldKind::DocumentCode => ZoneFieldName::DocumentCode,
        FieldKind::IssuingState => ZoneFieldName::IssuingState,
        FieldKind::Names => ZoneFieldName::Surname,
        FieldKind::DocumentNumber => ZoneFieldName::DocumentNumber,
        FieldKind::Nationality => ZoneFieldName::Nationality,
        FieldKind::BirthDate => ZoneFieldName::BirthDate,
        FieldKind::Sex => ZoneFieldName::Sex,
        FieldKind::ExpiryDate => ZoneFieldName::ExpiryDate,
        FieldKind::OptionalData => ZoneFieldName::OptionalData,
        FieldKind::OptionalDataSecond => ZoneFieldName::OptionalDataSecond,
    }
}

fn check(check: Check) -> ZoneCheck {
    match check {
        Check::Right => ZoneCheck::Right,
        Check::Wrong => ZoneCheck::Wrong,
        Check::Absent => ZoneCheck::Absent,
        Check::CompositeOnly => ZoneCheck::CompositeOnly,
        Check::Unprotected => ZoneCheck::Unprotected,
    }
}

fn problem(reason: &Reason) -> ZoneProblem {
    let of = |kind: ZoneProblemKind, field: Option<FieldKind>| ZoneProblem {
        kind: kind.into(),
        field: field.map_or(ZoneFieldName::Unspecified, name).into(),
    };
    match *reason {
        Reason::Fault { field, fault } => of(
            match fault {
                Fault::Grammar => ZoneProblemKind::Grammar,
                Fault::UnknownState => ZoneProblemKind::UnknownState,
                Fault::NoSuchDate => ZoneProblemKind::NoSuchDate,
                Fault::Names => ZoneProblemKind::MalformedNames,
            },
            Some(field),
        ),
        Reason::CheckDigitWrong(field) => of(ZoneProblemKind::CheckDigitWrong, Some(field)),
        Reason::CheckDigitAbsent(field) => of(ZoneProblemKind::CheckDigitAbsent, Some(field)),
        Reason::CompositeWrong => of(ZoneProblemKind::CompositeWrong, None),
        Reason::ExpiryBeforeBirth => of(ZoneProblemKind::ExpiryBeforeBirth, None),
        Reason::Repaired => of(ZoneProblemKind::Repaired, None),
    }
}

fn day(date: &Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

fn birth(date: &BirthDate) -> String {
    let pair = |value: Option<u8>| value.map_or("XX".to_owned(), |value| format!("{value:02}"));
    let year = date.year.map_or("XXXX".to_owned(), |year| format!("{year:04}"));
    format!("{year}-{}-{}", pair(date.month), pair(date.day))
}

fn sex_letter(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "M",
        Sex::Female => "F",
        Sex::Unspecified => "X",
    }
}
