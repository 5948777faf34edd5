//! Making a calibration of labelled pairs.

use super::{
    interval::{Interval, percentiles, wilson},
    logistic::Logistic,
    measure::{Rates, at_distance, curve},
    pairs::{Pair, Pairs},
    resample::{ROUNDS, Resampler},
};
use crate::pack::{Calibration, Point};

/// Least pairs of each kind.
const PAIRS_MIN: u64 = 30;

/// Pairs that must lie beyond a distance before it is trusted, after the rule of three of ISO/IEC 19795-1: what was seen
/// less often than three times may as well be chance.
const SEEN_MIN: usize = 3;

/// Most steps between the nearest and the furthest pair.
const STEPS_MAX: f64 = 48.0;

/// Distances of the table are multiples of this many thousandths.
const STEP_THOUSANDTHS: f64 = 5.0;

/// Pairs that are looked at altogether while resampling.
const WORK_MAX: usize = 200_000_000;

/// Pairs from which no calibration can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// There are too few of a kind.
    #[error("{genuine} pairs of one person and {impostor} of two: at least {PAIRS_MIN} of each are needed")]
    TooFew {
        /// Pairs of one person.
        genuine: u64,
        /// Pairs of two persons.
        impostor: u64,
    },
    /// Pairs of one person are no closer than those of two.
    #[error("the distances do not tell persons apart")]
    NoOrder,
}

/// Makes a table of the pairs.
///
/// The match probability is a logistic function of the distance, fitted with both kinds at even odds and held within
/// what so many pairs can bear (`1 / (n + 2)` from 0 and 1); the false match rate is counted. The intervals come of drawing
/// the persons anew, those of the rate are no narrower than Wilson's.
///
/// # Errors
/// There are too few pairs, or their distances say nothing.
pub fn calibrate(pairs: &Pairs) -> Result<Calibration, CalibrationError> {
    let (genuine, impostor) = (pairs.genuine(), pairs.impostor());
    if genuine.min(impostor) < PAIRS_MIN {
        return Err(CalibrationError::TooFew { genuine, impostor });
    }
    let fit =
        Fit::of(pairs.all(), |_| 1).filter(|fit| fit.logistic.falls()).ok_or(CalibrationError::NoOrder)?;
    let distances = knots(pairs.all());
    let samples = resample(pairs);
    let bounds = [1.0 / (genuine as f64 + 2.0), 1.0 - 1.0 / (impostor as f64 + 2.0)];
    let mut points: Vec<Point> =
        distances.iter().map(|distance| point(*distance, &fit, &samples, bounds, impostor)).collect();
    keep_order(&mut points);
    let false_matches = |point: &&Point| point.false_match_rate * impostor as f64;
    let countable = points.iter().find(|point| false_matches(point) > SEEN_MIN as f64 - 0.5);
    let of_kind = |is_same: bool| pairs.all().iter().filter(move |pair| pair.is_same == is_same);
    let nearest = of_kind(true).nth(SEEN_MIN - 1).ok_or(CalibrationError::NoOrder)?;
    let furthest = of_kind(false).rev().nth(SEEN_MIN - 1).ok_or(CalibrationError::NoOrder)?;
    if nearest.distance > furthest.distance {
        return Err(CalibrationError::NoOrder);
    }
    Ok(Calibration {
        genuine_pairs: genuine,
        impostor_pairs: impostor,
        people: pairs.people(),
        trusted_distance_min: nearest.distance,
        trusted_distance_max: furthest.distance,
        fmr_distance_min: countable.ok_or(CalibrationError::NoOrder)?.distance,
        source_sha256: pairs.source_sha256().to_owned(),
        points,
    })
}

/// What one sample says.
struct Fit {
    logistic: Logistic,
    curve: Vec<Rates>,
}

impl Fit {
    fn of(pairs: &[Pair], weight: impl Fn(usize) -> u32) -> Option<Self> {
        Some(Self { logistic: Logistic::fit(pairs, &weight)?, curve: curve(pairs, &weight)? })
    }
}

fn resample(pairs: &Pairs) -> Vec<Fit> {
    let mut resampler = Resampler::new(pairs.all(), pairs.people());
    let rounds = (WORK_MAX / pairs.all().len()).clamp(100, ROUNDS);
    let draw = |_| {
        let weights = resampler.draw()?;
        Fit::of(pairs.all(), |index| weights.get(index).copied().unwrap_or_default())
    };
    (0..rounds).filter_map(draw).collect()
}

/// Distances from just below the nearest pair to just above the furthest, evenly, at most 49 or so.
fn knots(sorted: &[Pair]) -> Vec<f64> {
    let thousandths = |pair: Option<&Pair>| pair.map_or(0.0, |pair| pair.distance) * 1_000.0;
    let (near, far) = (thousandths(sorted.first()), thousandths(sorted.last()));
    let step = ((far - near) / STEPS_MAX / STEP_THOUSANDTHS).ceil().max(1.0) * STEP_THOUSANDTHS;
    let (first, last) = ((near / step).floor() as u64, (far / step).ceil() as u64);
    (first..=last.max(first + 1)).map(|index| index as f64 * step / 1_000.0).collect()
}

fn point(distance: f64, fit: &Fit, samples: &[Fit], bounds: [f64; 2], impostor: u64) -> Point {
    let probability = |fit: &Fit| fit.logistic.probability(distance).clamp(bounds[0], bounds[1]);
    let value = probability(fit);
    let drawn = percentiles(samples.iter().map(probability).collect());
    let probability = Interval { value, low: value, high: value }.widened_by(drawn);
    let fmr = |fit: &Fit| at_distance(&fit.curve, distance).fmr;
    let count = (fmr(fit) * impostor as f64).round() as u64;
    let rate = wilson(count, impostor).widened_by(percentiles(samples.iter().map(fmr).collect()));
    Point {
        distance,
        match_probability: rounded(probability.value),
        match_probability_low: rounded(probability.low),
        match_probability_high: rounded(probability.high),
        false_match_rate: rounded(rate.value),
        false_match_rate_low: rounded(rate.low),
        false_match_rate_high: rounded(rate.high),
    }
}

/// Six decimals say more than any number of pairs can bear.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// A sample may have drawn persons whose distances say the opposite: no end of an interval may turn for that.
fn keep_order(points: &mut [Point]) {
    let mut before: Option<Point> = None;
    for point in points {
        if let Some(before) = before {
            point.match_probability = point.match_probability.min(before.match_probability);
            point.match_probability_low = point.match_probability_low.min(before.match_probability_low);
            point.match_probability_high = point.match_probability_high.min(before.match_probability_high);
            point.false_match_rate = point.false_match_rate.max(before.false_match_rate);
            point.false_match_rate_low = point.false_match_rate_low.max(before.false_match_rate_low);
            point.false_match_rate_high = point.false_match_rate_high.max(before.false_match_rate_high);
        }
        before = Some(*point);
    }
}

#[cfg(test)]
mod tests;
