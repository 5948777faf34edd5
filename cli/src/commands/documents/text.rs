//! A document that was read, for people.

use std::path::PathBuf;

use crate::client::types::{Document, DocumentField, FieldReading, Repair};
use crate::commands::reasons::judgement;
use crate::output::{facts, table, time};
use crate::report::printable;

/// A table of the fields, the lines of the machine readable zone, and under them what belongs to the whole document.
pub(super) fn document_text(document: &Document, annotated: &[PathBuf]) -> String {
    let mut lines = judgement("Result", &document.result, &document.reasons);
    lines.push(("Type", document.kind.replace('_', "-").to_uppercase()));
    if let Some(portrait) = &document.portrait {
        lines.push(("Portrait", format!("{}, {:.1} %", portrait.side, portrait.confidence * 100.0)));
    }
    let repairs = document.mrz.iter().flat_map(|zone| &zone.repairs);
    lines.extend(repairs.map(|repair| ("Repaired", repair_text(repair))));
    lines.push(("Document", document.id.clone()));
    lines.push(("Time", time(&document.created_at)));
    lines.extend(document.sides.iter().map(|side| ("Picture", format!("{} ({})", side.image_id, side.side))));
    lines.extend(annotated.iter().map(|path| ("Annotated", path.display().to_string())));
    format!("{}\n{}{}", field_table(&document.fields), zone_text(document), facts(&lines))
}

fn field_table(fields: &[DocumentField]) -> String {
    if fields.is_empty() {
        return "No field was read.\n".to_owned();
    }
    let row = |(index, field): (usize, &DocumentField)| {
        vec![
            (index + 1).to_string(),
            field.name.replace('_', " "),
            value_text(field),
            source_text(field).to_owned(),
            format!("{:.1} %", field.confidence * 100.0),
            field.mrz.as_ref().map_or_else(|| "-".to_owned(), check_text),
        ]
    };
    let header = ["#", "Field", "Value", "Source", "Confidence", "Check digit"];
    let table = table(&header, &[0, 4], fields.iter().enumerate().map(row));
    format!("{}\n", table.trim_end())
}

/// The value; both, where the sources differ, and what stands there where it has no meaning.
fn value_text(field: &DocumentField) -> String {
    let of = |reading: &FieldReading| reading.value.clone().unwrap_or_else(|| reading.text.clone());
    match (&field.mrz, &field.printed) {
        (Some(mrz), Some(printed)) if matches!(field.comparison.as_str(), "differ" | "similar") => {
            format!("{} (printed: {})", of(mrz), of(printed))
        }
        (Some(reading), _) | (None, Some(reading)) => field.value.clone().unwrap_or_else(|| of(reading)),
        (None, None) => field.value.clone().unwrap_or_default(),
    }
}

fn source_text(field: &DocumentField) -> &'static str {
    match (&field.mrz, &field.printed) {
        (Some(_), Some(_)) => match field.comparison.as_str() {
            "agree" => "zone = print",
            "similar" => "zone ≈ print",
            "differ" => "zone ≠ print",
            _ => "zone, print",
        },
        (Some(_), None) => "zone",
        (None, Some(_)) => "print",
        (None, None) => "-",
    }
}

/// What the check digit says, and what else to know of what the zone has.
fn check_text(reading: &FieldReading) -> String {
    let mut text = reading.check.as_deref().unwrap_or("-").replace('_', " ");
    for (is_so, remark) in [(reading.is_repaired, "repaired"), (reading.may_be_truncated, "may be cut off")] {
        if is_so == Some(true) {
            text = format!("{text}, {remark}");
        }
    }
    text
}

/// The lines with an empty one below them; nothing where there is no zone.
fn zone_text(document: &Document) -> String {
    let Some(zone) = &document.mrz else { return String::new() };
    let lines: String = zone.lines.iter().map(|line| format!(" {}\n", printable(line))).collect();
    format!("{lines}\n")
}

fn repair_text(repair: &Repair) -> String {
    format!(
        "line {}, place {}: {} read as {} ({})",
        repair.line + 1,
        repair.column + 1,
        repair.from,
        repair.to,
        repair.reason.replace('_', " ")
    )
}
