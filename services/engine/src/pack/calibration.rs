//! What the distances between a pack's embeddings mean: a small table, made by [`crate::evaluation`] from labelled pairs.

use serde::{Deserialize, Serialize};

use prosopa_contract::engine::{self as contract, CalibrationPoint as WirePoint};

/// The table, part of a pack's manifest. Between two points values lie on a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// By distance, ascending, 2 to 256.
    pub points: Vec<Point>,
    /// Pairs of one person that it was made of.
    pub genuine_pairs: u64,
    /// Pairs of two persons.
    pub impostor_pairs: u64,
    /// How many persons they are of; 0 where that is not known.
    pub people: u32,
    /// From this distance on the match probability may be trusted: closer than this there were hardly any pairs.
    pub trusted_distance_min: f64,
    /// Up to this distance it may be trusted.
    pub trusted_distance_max: f64,
    /// From this distance on the false match rate may be trusted: closer than this there were fewer than three false
    /// matches to count.
    pub fmr_distance_min: f64,
    /// SHA-256 of the file of pairs, lower-case hexadecimal.
    pub source_sha256: String,
}

/// What a distance means. Every value keeps its order with the distance: probabilities never rise, rates never fall.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Euclidean distance of two embeddings, 0 or more.
    pub distance: f64,
    /// Probability that both are one person's where that is as likely as not beforehand, 0 to 1.
    pub match_probability: f64,
    /// Lower end of its 95 % interval.
    pub match_probability_low: f64,
    /// Upper end.
    pub match_probability_high: f64,
    /// Share of the pairs of two persons that are no further apart than this, 0 to 1.
    pub false_match_rate: f64,
    /// Lower end of its 95 % interval.
    pub false_match_rate_low: f64,
    /// Upper end.
    pub false_match_rate_high: f64,
}

impl Calibration {
    /// What is wrong with the table; none if nothing is.
    pub fn fault(&self) -> Option<String> {
        self.to_message().fault()
    }

    /// The table as the engine tells it.
    pub fn to_message(&self) -> contract::Calibration {
        contract::Calibration {
            points: self.points.iter().copied().map(Point::to_message).collect(),
            genuine_pairs: self.genuine_pairs,
            impostor_pairs: self.impostor_pairs,
            people: self.people,
            trusted_distance_min: self.trusted_distance_min,
            trusted_distance_max: self.trusted_distance_max,
            fmr_distance_min: self.fmr_distance_min,
            source_sha256: self.source_sha256.clone(),
        }
    }
}

impl Point {
    fn to_message(self) -> WirePoint {
        WirePoint {
            distance: self.distance,
            match_probability: self.match_probability,
            match_probability_low: self.match_probability_low,
            match_probability_high: self.match_probability_high,
            false_match_rate: self.false_match_rate,
            false_match_rate_low: self.false_match_rate_low,
            false_match_rate_high: self.false_match_rate_high,
        }
    }
}
