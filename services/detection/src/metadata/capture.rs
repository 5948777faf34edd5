//! What the camera wrote beside the picture, as far as somebody asks for it by name (Exif 2.32, sections 4.6.4 to 4.6.6).

use std::{io::Cursor, str::FromStr};

use exif::{DateTime, Exif, Field, In, Reader, Tag, Value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest text that is taken over, characters.
const TEXT_CHARS_MAX: usize = 200;

/// Something that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaptureField {
    TakenAt,
    Camera,
    Lens,
    Software,
    Gps,
}

/// What the camera wrote of what was asked for. What it did not write, or not in a form that makes sense, is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Capture {
    /// When the picture was taken, by the camera's clock: with its offset from UTC where the camera says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-01-31T12:00:00+01:00")]
    taken_at: Option<String>,
    /// Maker and model of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<String>,
    /// The lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    lens: Option<String>,
    /// The program that wrote the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    software: Option<String>,
    /// Where the picture was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    gps: Option<Position>,
}

/// A place on the earth (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Position {
    /// Degrees north, -90 to 90.
    latitude: f64,
    /// Degrees east, -180 to 180.
    longitude: f64,
}

impl CaptureField {
    const ALL: [(Self, &'static str); 5] = [
        (Self::TakenAt, "taken_at"),
        (Self::Camera, "camera"),
        (Self::Lens, "lens"),
        (Self::Software, "software"),
        (Self::Gps, "gps"),
    ];

    /// Reads a list of names separated by commas.
    pub(crate) fn parse_list(text: &str) -> Result<Vec<Self>, UnknownField> {
        text.split(',').map(|name| name.trim().parse()).collect()
    }
}

/// A name is none of what may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must name some of taken_at, camera, lens, software, gps, separated by commas")]
pub(crate) struct UnknownField;

impl FromStr for CaptureField {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|(_, name)| *name == text);
        known.map(|(field, _)| field).ok_or(UnknownField)
    }
}

/// Reads what is wanted of a picture as it was sent; nothing where it has no Exif that can be read.
pub(crate) fn read(picture: &[u8], wanted: &[CaptureField]) -> Capture {
    if wanted.is_empty() {
        return Capture::default();
    }
    let Ok(exif) = Reader::new().read_from_container(&mut Cursor::new(picture)) else {
        return Capture::default();
    };
    let has = |field| wanted.contains(&field);
    Capture {
        taken_at: has(CaptureField::TakenAt).then(|| taken_at(&exif)).flatten(),
        camera: has(CaptureField::Camera).then(|| camera(&exif)).flatten(),
        lens: has(CaptureField::Lens).then(|| text(&exif, Tag::LensModel)).flatten(),
        software: has(CaptureField::Software).then(|| text(&exif, Tag::Software)).flatten(),
        gps: has(CaptureField::Gps).then(|| position(&exif)).flatten(),
    }
}

impl Capture {
    /// Whether nothing of what was asked for is known.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn ascii(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(texts) => texts.first().map(Vec::as_slice),
        _ => None,
    }
}

/// A text without control characters and surrounding blanks; none if nothing is left.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let text = String::from_utf8_lossy(ascii(exif, tag)?).into_owned();
    let text: String =
        text.chars().filter(|character| !character.is_control()).take(TEXT_CHARS_MAX).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Many makers begin the model with their own name.
fn camera(exif: &Exif) -> Option<String> {
    match (text(exif, Tag::Make), text(exif, Tag::Model)) {
        (Some(make), Some(model)) if !model.starts_with(&make) => Some(format!("{make} {model}")),
        (_, Some(model)) => Some(model),
        (make, None) => make,
    }
}

fn taken_at(exif: &Exif) -> Option<String> {
    let mut time = DateTime::from_ascii(ascii(exif, Tag::DateTimeOriginal)?).ok()?;
    let is_time = (1..=12).contains(&time.month)
        && (1..=31).contains(&time.day)
        && time.hour < 24
        && time.minute < 60
        && time.second <= 60;
    if !is_time {
        return None;
    }
    if let Some(offset) = ascii(exif, Tag::OffsetTimeOriginal) {
        // One that cannot be read leaves the time without an offset.
        time.parse_offset(offset).ok();
    }
    let offset = time.offset.map_or_else(String::new, |minutes| {
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.unsigned_abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    });
    let DateTime { year, month, day, hour, minute, second, .. } = time;
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}"))
}

fn position(exif: &Exif) -> Option<Position> {
    let latitude = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, b'S')?;
    let longitude = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, b'W')?;
    (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some(Position { latitude, longitude })
}

/// Degrees, minutes and seconds as degrees; below zero on the other side. What divides by zero is no number.
fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: u8) -> Option<f64> {
    let field: &Field = exif.get_field(tag, In::PRIMARY)?;
    let Value::Rational(parts) = &field.value else { return None };
    let [degrees, minutes, seconds] = parts.first_chunk::<3>()?.map(|part| part.to_f64());
    let is_negative = ascii(exif, side)?.first() == Some(&negative);
    let value = degrees + minutes / 60.0 + seconds / 3_600.0;
    value.is_finite().then_some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests;
