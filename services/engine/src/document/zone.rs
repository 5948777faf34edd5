//! Reading the rows of a block as a machine readable zone.
//!
//! Each row is read with the grammar of each format that its shape allows. Where the zone so read is not valid, or might
//! well be another one, its rows are laid flat once more, wider; the reading that all views together find likeliest
//! counts. Where it still is not valid, they are looked at in two more widths.

use crate::{
    document::blocks::Block,
    image::{Picture, Quad},
    mrz::{
        Mrz, Zone,
        alphabet::{Symbol, SymbolSet},
        decode::{Character, decode},
        fields::Date,
        format::{FieldKind, Format, Position, Role},
    },
    text::{Emissions, Error, Page, TextReader, Turns},
};

/// So wide, by its own width, every line of a page has been read.
const SEEN: f32 = 1.0;
/// How much wider than it is a row is laid flat if what was seen leaves doubt. The recogniser expects wider letters than
/// those of zones, and loses few of many fillers where they are; as it is, it tells fillers from letters better. The
/// first is looked at together with what was seen; the others where the zone is still not valid.
const MORE_STRETCHES: [f32; 3] = [1.4, 1.2, 1.65];
/// What was seen leaves doubt where a character that no check digit covers is less than this likelier than another, nats.
const MARGIN_MIN: f64 = 1.0;
/// Rows of one zone lie at least and at most so far apart, in heights of a row.
const PITCH_HEIGHTS: std::ops::RangeInclusive<f32> = 0.9..=3.4;
/// Widest that three rows of 30 characters are, in distances between rows: nominally 12.
const CARD_ASPECT_MAX: f32 = 13.4;
/// A valid zone among the readings counts before a likelier one that is less than this likelier, nats.
const LEAD_MAX: f64 = 12.0;

/// A zone and where its characters are.
pub(super) struct Found {
    pub(super) mrz: Mrz,
    /// One for each of the zone's lines.
    pub(super) rows: Vec<Row>,
}

/// A line of a zone in the picture.
pub(super) struct Row {
    pub(super) quad: Quad,
    pub(super) characters: Vec<Character>,
    /// How many of the recogniser's frames the quad is wide.
    pub(super) frames_wide: f32,
}

/// What a view says a row is.
struct Candidate {
    characters: Vec<Character>,
    frames_wide: f32,
    /// Log-probability, over all views.
    score: f64,
}

/// Reads the likeliest zone of a block; none where no part of it has the shape of one.
///
/// # Errors
/// The caller went away, or a network failed.
pub(super) fn read(
    reader: &TextReader,
    picture: &Picture,
    page: &Page,
    block: &Block,
    today: Date,
    turns: &mut Turns<'_>,
) -> Result<Option<Found>, Error> {
    let windows = windows(&block.rows);
    if windows.is_empty() {
        return Ok(None);
    }
    let mut views = Vec::with_capacity(block.rows.len());
    for quad in &block.rows {
        let seen = page.emissions(quad).cloned();
        views.push(vec![match seen {
            Some(seen) => seen,
            None => reader.read_emissions(picture, quad, SEEN, turns)?,
        }]);
    }
    let Some((window, format)) = likeliest(&windows, &views) else { return Ok(None) };
    let (quads, views) = (&block.rows[window.rows.clone()], &mut views[window.rows]);
    let mut best = assemble(format, views, today);
    if best.as_ref().is_some_and(is_sure) {
        return Ok(best.map(|(mrz, best)| found(mrz, best, quads)));
    }
    for stretches in [&MORE_STRETCHES[..1], &MORE_STRETCHES[1..]] {
        for (quad, views) in quads.iter().zip(&mut *views) {
            for stretch in stretches {
                views.push(reader.read_emissions(picture, quad, *stretch, turns)?);
            }
        }
        best = assemble(format, views, today);
        if best.as_ref().is_some_and(|(mrz, _)| mrz.validated_without_repair) {
            break;
        }
    }
    Ok(best.map(|(mrz, best)| found(mrz, best, quads)))
}

/// Whether a zone is valid, and no character that no check digit covers could well be another one.
fn is_sure((mrz, rows): &(Mrz, Vec<Candidate>)) -> bool {
    let format = mrz.zone.format();
    let is_clear = |(line, row): (usize, &Candidate)| {
        let mut characters = row.characters.iter().enumerate();
        characters.all(|(column, character)| {
            character.margin >= MARGIN_MIN || !is_open(format.role(Position { line, column }))
        })
    };
    mrz.validated_without_repair && rows.iter().enumerate().all(is_clear)
}

/// Whether a character stands where no check digit tells that it is wrong.
fn is_open(role: Option<Role>) -> bool {
    use FieldKind::{DocumentCode, IssuingState, Names, Nationality, Sex};
    matches!(role, Some(Role::Value(Names | DocumentCode | IssuingState | Nationality | Sex)))
}

fn found(mrz: Mrz, best: Vec<Candidate>, quads: &[Quad]) -> Found {
    let row = |(candidate, quad): (Candidate, &Quad)| Row {
        quad: *quad,
        characters: candidate.characters,
        frames_wide: candidate.frames_wide,
    };
    Found { mrz, rows: best.into_iter().zip(quads).map(row).collect() }
}

/// Rows below each other that have the shape of a zone, and of which formats.
struct Window {
    rows: std::ops::Range<usize>,
    formats: &'static [Format],
}

/// Three rows of a card's shape leave no doubt: two of them are nothing else.
fn windows(rows: &[Quad]) -> Vec<Window> {
    let mut windows = Vec::new();
    for count in [3, 2] {
        if !windows.is_empty() {
            break;
        }
        for (start, part) in rows.windows(count).enumerate() {
            let height = part.iter().map(Quad::height).sum::<f32>() / count as f32;
            let width = part.iter().map(Quad::width).fold(0.0, f32::max);
            let pitches = part.windows(2).map(|pair| distance(&pair[0], &pair[1]));
            if !pitches.clone().all(|pitch| PITCH_HEIGHTS.contains(&(pitch / height))) {
                continue;
            }
            let pitch = pitches.sum::<f32>() / (count - 1) as f32;
            let aspect = width / pitch;
            if count == 3 && aspect > CARD_ASPECT_MAX {
                continue;
            }
            let formats = Format::candidates(count, aspect);
            windows.push(Window { rows: start..start + count, formats });
        }
    }
    windows
}

/// Between the middles of two rows, across the first.
fn distance(one: &Quad, other: &Quad) -> f32 {
    let (left, right, centre) = (one.at(0.0, 0.5), one.at(1.0, 0.5), other.centre());
    let (along_x, along_y) = (right.x - left.x, right.y - left.y);
    let across = along_x * (centre.y - left.y) - along_y * (centre.x - left.x);
    across.abs() / along_x.hypot(along_y).max(f32::MIN_POSITIVE)
}

/// The window and format that the first views make likeliest, for each frame of a row.
fn likeliest(windows: &[Window], views: &[Vec<Emissions>]) -> Option<(Window, Format)> {
    let mut best: Option<(f64, &Window, Format)> = None;
    for window in windows {
        for format in window.formats {
            let mut score = 0.0;
            for (line, views) in views[window.rows.clone()].iter().enumerate() {
                let frames = views.first().map_or(&[][..], |view| view.frames.as_slice());
                let line = decode(&format.allowed_in_line(line), frames);
                score += line.map_or(f64::NEG_INFINITY, |line| line.score / frames.len() as f64);
            }
            let score = score / window.rows.len() as f64;
            if score.is_finite() && best.as_ref().is_none_or(|(best, ..)| score > *best) {
                best = Some((score, window, *format));
            }
        }
    }
    best.map(|(_, window, format)| (Window { rows: window.rows.clone(), formats: window.formats }, format))
}

/// The zone of the likeliest readings; one that is valid without repair counts before others that are little likelier.
fn assemble(format: Format, views: &[Vec<Emissions>], today: Date) -> Option<(Mrz, Vec<Candidate>)> {
    let rows: Vec<Vec<Candidate>> =
        views.iter().enumerate().map(|(line, views)| candidates(format, line, views)).collect();
    let mut choices = choices(&rows);
    choices.sort_by(|one, other| score(&rows, other).total_cmp(&score(&rows, one)));
    let likeliest = choices.first().map(|choice| score(&rows, choice))?;
    let mut first = None;
    let mut chosen = None;
    for choice in choices {
        let symbols = choice.iter().zip(&rows).map(|(index, row)| symbols(&row[*index].characters));
        let Ok(zone) = Zone::from_symbols(format, symbols.collect()) else { continue };
        let mrz = Mrz::assess(zone, &[], today);
        if mrz.validated_without_repair && likeliest - score(&rows, &choice) <= LEAD_MAX {
            chosen = Some((mrz, choice));
            break;
        }
        first = first.or(Some((mrz, choice)));
    }
    let (mrz, choice) = chosen.or(first)?;
    let mrz = mrz.clone().with_likeliest_repair(|at, to| replaced(&mrz.zone, at, to, views), today);
    let best = choice.into_iter().zip(rows).filter_map(|(index, row)| row.into_iter().nth(index));
    Some((mrz, best.collect()))
}

/// How likely all views find the row of a zone with another character at a place, natural logarithm.
fn replaced(zone: &Zone, at: Position, to: Symbol, views: &[Vec<Emissions>]) -> f64 {
    let symbol = |column| if column == at.column { to } else { zone.at(Position { column, ..at }) };
    let exact: Vec<SymbolSet> =
        (0..zone.format().line_len()).map(|column| SymbolSet::just(symbol(column))).collect();
    views.get(at.line).map_or(f64::NEG_INFINITY, |views| score_of(&exact, views))
}

/// Log-probability of a row that can be one text only, over all views.
fn score_of(exact: &[SymbolSet], views: &[Emissions]) -> f64 {
    let scores =
        views.iter().map(|view| decode(exact, &view.frames).map_or(f64::NEG_INFINITY, |line| line.score));
    scores.sum()
}

/// What the views say that a row is, each once.
fn candidates(format: Format, line: usize, views: &[Emissions]) -> Vec<Candidate> {
    let allowed = format.allowed_in_line(line);
    let mut found: Vec<Candidate> = Vec::new();
    for view in views {
        let Some(line) = decode(&allowed, &view.frames) else { continue };
        if found.iter().any(|other| symbols(&other.characters) == line.symbols()) {
            continue;
        }
        let exact: Vec<SymbolSet> = line.symbols().into_iter().map(SymbolSet::just).collect();
        let score = score_of(&exact, views);
        found.push(Candidate { characters: line.characters, frames_wide: view.frames_wide, score });
    }
    found
}

/// One reading of each row, in all ways.
fn choices(rows: &[Vec<Candidate>]) -> Vec<Vec<usize>> {
    rows.iter().fold(vec![Vec::new()], |choices, row| {
        let longer = |choice: Vec<usize>| {
            (0..row.len()).map(move |index| choice.iter().copied().chain([index]).collect::<Vec<_>>())
        };
        choices.into_iter().flat_map(longer).collect()
    })
}

fn score(rows: &[Vec<Candidate>], choice: &[usize]) -> f64 {
    rows.iter().zip(choice).map(|(row, index)| row[*index].score).sum()
}

fn symbols(characters: &[Character]) -> Vec<Symbol> {
    characters.iter().map(|character| character.symbol).collect()
}
