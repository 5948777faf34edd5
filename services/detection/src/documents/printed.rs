//! The printed zone: what stands there for the fields that the machine readable zone has too, by its label or by its value.

mod dates;
mod labels;
mod latin;
mod values;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::values::{Likeness, compare};
use super::{
    answer::Side,
    reading::{Line, Place, Reading},
    zone::FieldName,
};
use crate::faces::Point;

/// Lines that were read with less certainty tell nothing by their labels.
const CONFIDENCE_MIN: f32 = 0.6;

/// How far below its label a value begins, in heights of the label.
const BELOW: std::ops::RangeInclusive<f32> = -0.6..=2.5;

/// How far to the right of its label's beginning a value begins, in heights of the label.
const BESIDE: std::ops::RangeInclusive<f32> = -3.0..=25.0;

/// A value of the printed zone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Printed {
    /// What it means, in the form of the zone's values; absent where that cannot be told, as of a state's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    /// As it is printed.
    pub(super) text: String,
    /// Mean of the characters' probabilities, 0 to 1.
    pub(super) confidence: f32,
    /// On which side it stands.
    pub(super) side: Side,
    /// Where.
    #[serde(flatten)]
    pub(super) place: Place,
}

/// Whether both sources of a field tell the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Comparison {
    /// They do.
    Agree,
    /// They do but for a few characters, which may be misread.
    Similar,
    /// They do not.
    Differ,
    /// There is one source only, or they cannot be compared.
    Single,
}

/// What is printed of a field, compared with what the zone says of it.
pub(super) fn find(
    name: FieldName,
    zone: Option<&str>,
    sides: &[(Side, &Reading)],
) -> Option<(Printed, Comparison)> {
    let labelled = by_label(name, zone, sides);
    let Some(zone) = zone else { return labelled.map(|printed| (printed, Comparison::Single)) };
    // A value that stands where nobody labelled it is the same value.
    let found = labelled.into_iter().chain(by_value(name, zone, sides)).map(|printed| {
        let likeness = compare(name, zone, &printed.text);
        (printed, likeness)
    });
    let (printed, likeness) = found.min_by_key(|(_, likeness)| likeness.rank())?;
    let comparison = match likeness {
        Likeness::Same => Comparison::Agree,
        Likeness::Similar => Comparison::Similar,
        Likeness::Other(_) => Comparison::Differ,
        Likeness::Unknown => Comparison::Single,
    };
    let value = if comparison == Comparison::Agree { Some(zone.to_owned()) } else { printed.value };
    Some((Printed { value, ..printed }, comparison))
}

fn by_value(name: FieldName, zone: &str, sides: &[(Side, &Reading)]) -> Option<Printed> {
    let mut lines = sides.iter().flat_map(|(side, reading)| {
        let lines = reading.lines.iter().filter(|line| !is_of_zone(line, reading));
        lines.map(|line| (*side, line))
    });
    let (side, line) = lines.find(|(_, line)| values::contains(name, zone, &line.text))?;
    Some(printed(name, side, line, &line.text))
}

fn by_label(name: FieldName, zone: Option<&str>, sides: &[(Side, &Reading)]) -> Option<Printed> {
    sides.iter().find_map(|(side, reading)| {
        reading.lines.iter().filter(|line| !is_of_zone(line, reading)).find_map(|label| {
            let said = labels::read(&label.text).filter(|said| said.field == Some(name))?;
            if !said.rest.is_empty() {
                return (label.confidence >= CONFIDENCE_MIN).then(|| printed(name, *side, label, said.rest));
            }
            let line = value_below(name, zone, label, reading)?;
            Some(printed(name, *side, line, &line.text))
        })
    })
}

/// The line under a label: the nearest to its beginning, or the one of that row that is most like what the zone says, since
/// names may stand there in two scripts.
fn value_below<'a>(
    name: FieldName,
    zone: Option<&str>,
    label: &Line,
    reading: &'a Reading,
) -> Option<&'a Line> {
    let frame = Frame::of(&label.place)?;
    let below = reading.lines.iter().filter_map(|line| {
        let (beside, below) = frame.place_of(line.place.corners.first()?);
        let is_value = BELOW.contains(&below)
            && BESIDE.contains(&beside)
            && line.confidence >= CONFIDENCE_MIN
            && !is_of_zone(line, reading)
            && labels::read(&line.text).is_none();
        is_value.then_some((line, beside.abs() + below.abs()))
    });
    let near = |(_, one): &(&Line, f32), (_, other): &(&Line, f32)| one.total_cmp(other);
    match zone {
        None => below.min_by(near).map(|(line, _)| line),
        Some(zone) => below
            .min_by(|one, other| {
                let rank = |line: &Line| compare(name, zone, &line.text).rank();
                let is_near = |distance: f32| distance <= -*BESIDE.start();
                // A column beside it is another field, unless it says what is looked for.
                let key = |(line, distance): &(&Line, f32)| {
                    let rank = rank(line);
                    if is_near(*distance) || rank == 0 { rank } else { rank.saturating_add(1_000) }
                };
                key(one).cmp(&key(other)).then_with(|| near(one, other))
            })
            .map(|(line, _)| line),
    }
}

fn printed(name: FieldName, side: Side, line: &Line, text: &str) -> Printed {
    Printed {
        value: values::read(name, text),
        text: text.to_owned(),
        confidence: line.confidence,
        side,
        place: line.place.clone(),
    }
}

/// Whether a line is one of the zone's: it stands there, or fillers are in it.
fn is_of_zone(line: &Line, reading: &Reading) -> bool {
    if line.text.matches('<').count() > 1 {
        return true;
    }
    let bounds = &line.place.bounds;
    let middle = (bounds.x + bounds.width / 2.0, bounds.y + bounds.height / 2.0);
    reading.zone.iter().flat_map(|zone| &zone.places).any(|place| {
        let Some(frame) = Frame::of(place) else { return false };
        let (_, below) = frame.place_of(&Point { x: middle.0, y: middle.1 });
        (-1.0..=0.0).contains(&below)
    })
}

/// A line's own directions: along its text and downwards, in heights of the text, from its lower left corner.
struct Frame {
    origin: (f32, f32),
    along: (f32, f32),
    down: (f32, f32),
    height: f32,
}

impl Frame {
    fn of(place: &Place) -> Option<Self> {
        let [upper_left, upper_right, _, lower_left] = place.corners.as_slice() else { return None };
        let between = |one: &Point, other: &Point| (other.x - one.x, other.y - one.y);
        let unit = |(x, y): (f32, f32)| {
            let length = x.hypot(y);
            (length > 0.0).then(|| ((x / length, y / length), length))
        };
        let (along, _) = unit(between(upper_left, upper_right))?;
        let (down, height) = unit(between(upper_left, lower_left))?;
        Some(Self { origin: (lower_left.x, lower_left.y), along, down, height })
    }

    /// How far along the text and how far below it a point lies.
    fn place_of(&self, point: &Point) -> (f32, f32) {
        let (x, y) = (point.x - self.origin.0, point.y - self.origin.1);
        let part = |direction: (f32, f32)| (x * direction.0 + y * direction.1) / self.height;
        (part(self.along), part(self.down))
    }
}
