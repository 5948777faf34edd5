//! From a recogniser's output or a text to a judged zone: the module's front door.

use crate::mrz::{
    alphabet::Symbol,
    checks::Check,
    decode::{Emission, Line, decode},
    fields::{Date, Fault, Field, Fields},
    format::{FieldKind, Format, Position, Role},
    repair::{Printed, Repair, choose, repair},
    zone::Zone,
};

/// Why a zone is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// The text of a field means nothing.
    #[error("{field:?}: {fault}")]
    Fault {
        /// Which field.
        field: FieldKind,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The check digit of a field is wrong.
    #[error("the check digit of {0:?} is wrong")]
    CheckDigitWrong(FieldKind),
    /// The check digit of a field is missing.
    #[error("the check digit of {0:?} is missing")]
    CheckDigitAbsent(FieldKind),
    /// The composite check digit is wrong or missing.
    #[error("the composite check digit is wrong")]
    CompositeWrong,
    /// The document expires before its holder is born.
    #[error("the date of expiry lies before the date of birth")]
    ExpiryBeforeBirth,
    /// The zone was repaired, so its check digits prove nothing.
    #[error("the zone was repaired")]
    Repaired,
}

/// Whether the zone is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every field is sound, every check digit right, nothing was repaired. An expired document can be valid.
    Valid,
    /// Everything that is wrong.
    Invalid(Vec<Reason>),
}

/// A zone, read, repaired and judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mrz {
    /// As read.
    pub original: Zone,
    /// After the repairs; what `fields` and `verdict` are about.
    pub zone: Zone,
    /// The typed fields.
    pub fields: Fields,
    /// What was repaired, in the order of the rules.
    pub repairs: Vec<Repair>,
    /// The overall result.
    pub verdict: Verdict,
    /// Whether the zone as read was valid.
    pub validated_without_repair: bool,
}

impl Mrz {
    /// Judges a zone; `printed` may support repairs, `today` resolves years of two digits.
    pub fn assess(original: Zone, printed: &[Printed<'_>], today: Date) -> Self {
        let validated_without_repair = reasons(&Fields::read(&original, today)).is_empty();
        let (zone, repairs) = repair(&original, printed);
        Self::judge(original, zone, repairs, validated_without_repair, today)
    }

    fn judge(
        original: Zone,
        zone: Zone,
        repairs: Vec<Repair>,
        validated_without_repair: bool,
        today: Date,
    ) -> Self {
        let fields = Fields::read(&zone, today);
        let mut reasons = reasons(&fields);
        if !repairs.is_empty() {
            reasons.push(Reason::Repaired);
        }
        let verdict = if reasons.is_empty() { Verdict::Valid } else { Verdict::Invalid(reasons) };
        Self { original, zone, fields, repairs, verdict, validated_without_repair }
    }

    /// The same with one more repair, where check digits left several ways and one is by far the likeliest; see
    /// [`choose`](crate::mrz::repair::choose).
    pub fn with_likeliest_repair(self, likelihood: impl Fn(Position, Symbol) -> f64, today: Date) -> Self {
        let Some((zone, repair)) = choose(&self.zone, likelihood) else { return self };
        let repairs = self.repairs.into_iter().chain([repair]).collect();
        Self::judge(self.original, zone, repairs, self.validated_without_repair, today)
    }

    /// Whether a character of the field or its check digit was repaired.
    pub fn is_repaired(&self, kind: FieldKind) -> bool {
        self.repairs.iter().any(|repair| [Role::Value(kind), Role::CheckDigit(kind)].contains(&repair.role))
    }
}

/// A zone read from a recogniser's output.
#[derive(Clone, PartialEq)]
pub struct Reading {
    /// The zone and what it means.
    pub mrz: Mrz,
    /// The lines as decoded, with margins and frames.
    pub lines: Vec<Line>,
}

/// Reads a zone from one slice of emissions a line, in the likeliest of the candidate formats.
///
/// None where no candidate has so many lines or fits into the frames.
pub fn read(
    lines: &[&[Emission]],
    candidates: &[Format],
    printed: &[Printed<'_>],
    today: Date,
) -> Option<Reading> {
    let mut best: Option<(f64, Format, Vec<Line>)> = None;
    for format in candidates.iter().filter(|format| format.line_count() == lines.len()) {
        let decoded: Option<Vec<Line>> = lines
            .iter()
            .enumerate()
            .map(|(line, emissions)| decode(&format.allowed_in_line(line), emissions))
            .collect();
        let Some(decoded) = decoded else { continue };
        let score = decoded.iter().map(|line| line.score).sum();
        if best.as_ref().is_none_or(|best| score > best.0) {
            best = Some((score, *format, decoded));
        }
    }
    let (_, format, lines) = best?;
    let zone = Zone::from_symbols(format, lines.iter().map(Line::symbols).collect()).ok()?;
    Some(Reading { mrz: Mrz::assess(zone, printed, today), lines })
}

/// Everything that is wrong, by field.
fn reasons(fields: &Fields) -> Vec<Reason> {
    let mut reasons = Vec::new();
    judge(&mut reasons, FieldKind::DocumentCode, &fields.document_code);
    judge(&mut reasons, FieldKind::IssuingState, &fields.issuing_state);
    judge(&mut reasons, FieldKind::Names, &fields.names);
    judge(&mut reasons, FieldKind::DocumentNumber, &fields.document_number);
    judge(&mut reasons, FieldKind::Nationality, &fields.nationality);
    judge(&mut reasons, FieldKind::BirthDate, &fields.birth_date);
    judge(&mut reasons, FieldKind::Sex, &fields.sex);
    judge(&mut reasons, FieldKind::ExpiryDate, &fields.expiry_date);
    judge(&mut reasons, FieldKind::OptionalData, &fields.optional_data);
    judge(&mut reasons, FieldKind::OptionalDataSecond, &fields.optional_data_second);
    if matches!(fields.composite, Some(Check::Wrong | Check::Absent)) {
        reasons.push(Reason::CompositeWrong);
    }
    let birth = fields.birth_date.value.ok().and_then(|birth| birth.date());
    if birth.zip(fields.expiry_date.value.ok()).is_some_and(|(birth, expiry)| expiry < birth) {
        reasons.push(Reason::ExpiryBeforeBirth);
    }
    reasons
}

fn judge<T>(reasons: &mut Vec<Reason>, kind: FieldKind, field: &Field<T>) {
    if let Err(fault) = &field.value {
        reasons.push(Reason::Fault { field: kind, fault: *fault });
    }
    match field.check {
        Check::Wrong => reasons.push(Reason::CheckDigitWrong(kind)),
        Check::Absent => reasons.push(Reason::CheckDigitAbsent(kind)),
        Check::Right | Check::CompositeOnly | Check::Unprotected => {}
    }
}
