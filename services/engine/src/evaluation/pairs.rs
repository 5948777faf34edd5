//! Labelled pairs: two faces, how far apart they are, and whether they are one person's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::pack::digest;

/// Most pairs that are taken.
const PAIRS_MAX: usize = 5_000_000;

/// The columns of a file of pairs; the first two must be there.
const COLUMNS: [&str; 5] = ["same", "distance", "picture_a", "picture_b", "condition"];

/// Two faces that were compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Euclidean distance of the embeddings.
    pub distance: f64,
    /// Whether both are of one person.
    pub is_same: bool,
    /// Numbers of the two persons where they are known; equal for a pair of one person.
    pub people: Option<[u32; 2]>,
}

/// Pairs, closest first.
#[derive(Debug, Clone)]
pub struct Pairs {
    sorted: Vec<Pair>,
    people: u32,
    conditions: BTreeMap<String, Vec<Pair>>,
    source_sha256: String,
}

/// A file of pairs cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairsError {
    /// It is no text of the form expected.
    #[error("line {line}: {detail}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// Both kinds of pairs are needed.
    #[error("{genuine} pairs of one person and {impostor} of two: at least one of each is needed")]
    OneSided {
        /// Pairs of one person.
        genuine: u64,
        /// Pairs of two persons.
        impostor: u64,
    },
    /// Two pictures are called one person's by some lines and two persons' by another.
    #[error("{picture_a} and {picture_b} are labelled as two persons, yet other lines make them one")]
    Contradiction {
        /// One picture.
        picture_a: String,
        /// The other.
        picture_b: String,
    },
    /// More pairs than are taken.
    #[error("more than {PAIRS_MAX} pairs")]
    TooMany,
}

impl Pairs {
    /// Sorts pairs. `people` is how many persons their numbers tell apart, 0 where they are not known; `source` is what
    /// they were made of.
    ///
    /// # Errors
    /// [`PairsError::OneSided`], [`PairsError::TooMany`].
    pub fn new(pairs: Vec<Pair>, people: u32, source: &[u8]) -> Result<Self, PairsError> {
        if pairs.len() > PAIRS_MAX {
            return Err(PairsError::TooMany);
        }
        let sorted = sorted(pairs);
        let pairs =
            Self { sorted, people, conditions: BTreeMap::new(), source_sha256: digest::of_bytes(source) };
        match (pairs.genuine(), pairs.impostor()) {
            (genuine, impostor) if genuine == 0 || impostor == 0 => {
                Err(PairsError::OneSided { genuine, impostor })
            }
            _ => Ok(pairs),
        }
    }

    /// Reads comma-separated values with a header: `same` (0 or 1) and `distance`, and if they are there `picture_a` and
    /// `picture_b`, by which persons are told apart, and `condition`, which splits the evaluation. Nothing is quoted.
    ///
    /// # Errors
    /// A line is not of this form, the labels contradict each other, or there are not both kinds of pairs.
    pub fn parse(bytes: &[u8]) -> Result<Self, PairsError> {
        let at = |line: usize, detail: &str| PairsError::Line { line: line + 1, detail: detail.to_owned() };
        let text = std::str::from_utf8(bytes).map_err(|_| at(0, "the file is not UTF-8"))?;
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, header) = lines.next().ok_or_else(|| at(0, "the file is empty"))?;
        let header: Vec<&str> = header.split(',').map(str::trim).collect();
        let places = COLUMNS.map(|name| header.iter().position(|column| *column == name));
        let [Some(same), Some(distance), picture_a, picture_b, condition] = places else {
            return Err(at(0, "the header must name the columns same and distance"));
        };
        let mut rows = Vec::new();
        for (number, line) in lines {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            if cells.len() != header.len() {
                return Err(at(number, &format!("{} values, the header has {}", cells.len(), header.len())));
            }
            if rows.len() == PAIRS_MAX {
                return Err(PairsError::TooMany);
            }
            let distance =
                cells[distance].parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
            let distance = distance.ok_or_else(|| at(number, "the distance must be a number, 0 or more"))?;
            let is_same = match cells[same] {
                "0" => false,
                "1" => true,
                _ => return Err(at(number, "same must be 0 or 1")),
            };
            rows.push(Row {
                distance,
                is_same,
                pictures: picture_a.zip(picture_b).map(|(a, b)| [cells[a], cells[b]]),
                condition: condition.map(|index| cells[index]),
            });
        }
        Self::of_rows(&rows, bytes)
    }

    fn of_rows(rows: &[Row<'_>], source: &[u8]) -> Result<Self, PairsError> {
        let people = People::of(rows)?;
        let pair = |row: &Row<'_>| Pair {
            distance: row.distance,
            is_same: row.is_same,
            people: row.pictures.map(|pictures| pictures.map(|picture| people.number_of(picture))),
        };
        let mut pairs = Self::new(rows.iter().map(pair).collect(), people.count, source)?;
        for row in rows {
            if let Some(condition) = row.condition {
                pairs.conditions.entry(condition.to_owned()).or_default().push(pair(row));
            }
        }
        for own in pairs.conditions.values_mut() {
            *own = sorted(std::mem::take(own));
        }
        Ok(pairs)
    }

    /// All pairs, closest first.
    pub fn all(&self) -> &[Pair] {
        &self.sorted
    }

    /// Pairs of one person.
    pub fn genuine(&self) -> u64 {
        self.sorted.iter().filter(|pair| pair.is_same).count() as u64
    }

    /// Pairs of two persons.
    pub fn impostor(&self) -> u64 {
        self.sorted.len() as u64 - self.genuine()
    }

    /// How many persons there are; 0 where it is not known.
    pub fn people(&self) -> u32 {
        self.people
    }

    /// SHA-256 of what the pairs were made of, lower-case hexadecimal.
    pub fn source_sha256(&self) -> &str {
        &self.source_sha256
    }

    /// The pairs of each condition that the file names, closest first; none where it names fewer than two.
    pub fn conditions(&self) -> impl Iterator<Item = (&str, &[Pair])> {
        let is_split = self.conditions.len() > 1;
        self.conditions
            .iter()
            .filter(move |_| is_split)
            .map(|(name, pairs)| (name.as_str(), pairs.as_slice()))
    }
}

fn sorted(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort_by(|one, other| one.distance.total_cmp(&other.distance));
    pairs
}

/// A line of a file.
struct Row<'a> {
    distance: f64,
    is_same: bool,
    pictures: Option<[&'a str; 2]>,
    condition: Option<&'a str>,
}

/// Who is in which picture: what some line calls one person is one.
struct People<'a> {
    of_picture: HashMap<&'a str, u32>,
    count: u32,
}

impl<'a> People<'a> {
    fn of(rows: &[Row<'a>]) -> Result<Self, PairsError> {
        let mut names = BTreeSet::new();
        let mut alike: HashMap<&str, Vec<&str>> = HashMap::new();
        for row in rows {
            let Some([a, b]) = row.pictures else { continue };
            names.extend([a, b]);
            if row.is_same {
                alike.entry(a).or_default().push(b);
                alike.entry(b).or_default().push(a);
            }
        }
        let mut of_picture = HashMap::new();
        let mut count = 0;
        for name in names {
            if of_picture.contains_key(name) {
                continue;
            }
            let mut open = vec![name];
            while let Some(picture) = open.pop() {
                if of_picture.insert(picture, count).is_none() {
                    open.extend(alike.get(picture).into_iter().flatten());
                }
            }
            count += 1;
        }
        let people = Self { of_picture, count };
        let contradicts = |[a, b]: [&str; 2]| people.number_of(a) == people.number_of(b);
        for [a, b] in rows.iter().filter(|row| !row.is_same).filter_map(|row| row.pictures) {
            if contradicts([a, b]) {
                return Err(PairsError::Contradiction { picture_a: a.to_owned(), picture_b: b.to_owned() });
            }
        }
        Ok(people)
    }

    fn number_of(&self, picture: &str) -> u32 {
        self.of_picture.get(picture).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
