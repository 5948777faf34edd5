//! The figures of an evaluation, each with its interval, none beyond what the pairs can tell.

use serde::Serialize;

use super::{
    interval::{Interval, percentiles, wilson},
    measure::{Rates, at_fmr, curve, equal_error_rate},
    pairs::{Pair, Pairs},
    resample::{ROUNDS, Resampler},
};

/// False match rates at which the true positive rate is told.
pub const TARGETS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];

/// Most points of the ROC that are told.
const ROC_POINTS_MAX: usize = 256;

/// Pairs that are looked at altogether while resampling.
const WORK_MAX: usize = 1_000_000_000;

/// What was measured on some pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The condition that the pairs were made under; none for all pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Pairs of one person.
    pub genuine_pairs: u64,
    /// Pairs of two persons.
    pub impostor_pairs: u64,
    /// Persons; 0 where they are not known, and pairs were taken for independent.
    pub people: u32,
    /// One pair of two persons: nothing is claimed of smaller false match rates.
    pub fmr_claimable_min: f64,
    /// Where both error rates are equal.
    pub eer: Interval,
    /// Recognised pairs of one person at false match rates.
    pub tpr_at_fmr: Vec<TprAtFmr>,
    /// The ROC, thinned; only of all pairs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roc: Vec<RocPoint>,
}

/// How many pairs of one person are recognised at a false match rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TprAtFmr {
    /// The false match rate, one of [`TARGETS`].
    pub fmr: f64,
    /// The furthest distance whose false match rate is not above it; none if every threshold's is, or nothing is claimed.
    pub distance: Option<f64>,
    /// The true positive rate there; none where there are too few pairs to claim any.
    pub tpr: Option<Interval>,
}

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// The threshold.
    pub distance: f64,
    /// False match rate.
    pub fmr: f64,
    /// True positive rate.
    pub tpr: f64,
}

/// Measures all pairs, then those of each condition.
pub fn summarize(pairs: &Pairs) -> Vec<Summary> {
    let all =
        measure(pairs.all(), pairs.people()).map(|(summary, curve)| Summary { roc: thin(&curve), ..summary });
    let of_condition = |(name, own): (&str, &[Pair])| {
        let (summary, _) = measure(own, pairs.people())?;
        Some(Summary { condition: Some(name.to_owned()), ..summary })
    };
    all.into_iter().chain(pairs.conditions().filter_map(of_condition)).collect()
}

/// None where one kind of pairs is missing.
fn measure(pairs: &[Pair], people: u32) -> Option<(Summary, Vec<Rates>)> {
    let whole = curve(pairs, |_| 1)?;
    let genuine = pairs.iter().filter(|pair| pair.is_same).count() as u64;
    let impostor = pairs.len() as u64 - genuine;
    let samples = resample(pairs, people);
    let eer = equal_error_rate(&whole);
    let drawn = percentiles(samples.iter().map(|sample| sample.eer).collect());
    let fmr_claimable_min = 1.0 / impostor as f64;
    let tpr_at_fmr = TARGETS.iter().enumerate().map(|(index, fmr)| {
        if *fmr < fmr_claimable_min {
            return TprAtFmr { fmr: *fmr, distance: None, tpr: None };
        }
        let rates = at_fmr(&whole, *fmr);
        let tpr = tpr(rates);
        let counted = wilson((tpr * genuine as f64).round() as u64, genuine);
        let drawn = percentiles(samples.iter().map(|sample| sample.tpr[index]).collect());
        TprAtFmr {
            fmr: *fmr,
            distance: rates.map(|rates| rates.distance),
            tpr: Some(counted.widened_by(drawn)),
        }
    });
    let summary = Summary {
        condition: None,
        genuine_pairs: genuine,
        impostor_pairs: impostor,
        people,
        fmr_claimable_min,
        eer: of_rarer_kind(eer, genuine.min(impostor)).widened_by(drawn),
        tpr_at_fmr: tpr_at_fmr.collect(),
        roc: Vec::new(),
    };
    Some((summary, whole))
}

/// A rate that both kinds have: the rarer one says how sure it is, or no error at all would be a certainty.
fn of_rarer_kind(rate: f64, total: u64) -> Interval {
    let counted = wilson((rate * total as f64).round() as u64, total);
    Interval { value: rate, low: counted.low.min(rate), high: counted.high.max(rate) }
}

fn tpr(rates: Option<Rates>) -> f64 {
    rates.map_or(0.0, |rates| 1.0 - rates.fnmr)
}

/// The figures of one sample.
struct Sample {
    eer: f64,
    tpr: [f64; TARGETS.len()],
}

fn resample(pairs: &[Pair], people: u32) -> Vec<Sample> {
    let mut resampler = Resampler::new(pairs, people);
    let rounds = (WORK_MAX / pairs.len()).clamp(100, ROUNDS);
    let draw = |_| {
        let weights = resampler.draw()?;
        let curve = curve(pairs, |index| weights.get(index).copied().unwrap_or_default())?;
        Some(Sample { eer: equal_error_rate(&curve), tpr: TARGETS.map(|fmr| tpr(at_fmr(&curve, fmr))) })
    };
    (0..rounds).filter_map(draw).collect()
}

/// Points where a rate changes, evenly thinned; the first and the last stay.
fn thin(curve: &[Rates]) -> Vec<RocPoint> {
    let last = curve.len().saturating_sub(1);
    let count = curve.len().min(ROC_POINTS_MAX);
    let index = |step: usize| step * last / count.saturating_sub(1).max(1);
    let point = |rates: &Rates| RocPoint { distance: rates.distance, fmr: rates.fmr, tpr: 1.0 - rates.fnmr };
    (0..count).filter_map(|step| curve.get(index(step)).map(point)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// K4: the figures of pairs that were counted by hand; no claim is made below one pair of two persons.
    #[test]
    fn figures_are_counted_and_bounded() {
        let mut text = String::from("same,distance,condition\n");
        for index in 0..100 {
            // 90 of 100 at .4, 10 at .8; of two persons: 5 of 100 at .6, the rest at .9.
            let (genuine, impostor) = (if index < 90 { 0.4 } else { 0.8 }, if index < 5 { 0.6 } else { 0.9 });
            let condition = if index % 2 == 0 { "even" } else { "odd" };
            text.push_str(&format!("1,{genuine},{condition}\n0,{impostor},{condition}\n"));
        }
        let pairs = Pairs::parse(text.as_bytes()).unwrap();
        let summaries = summarize(&pairs);
        let conditions: Vec<_> = summaries.iter().map(|summary| summary.condition.as_deref()).collect();
        assert_eq!(conditions, [None, Some("even"), Some("odd")]);
        let all = &summaries[0];
        assert!((all.eer.value - 0.05).abs() < 0.026, "{:?}", all.eer);
        assert!(all.eer.low < all.eer.value && all.eer.high > all.eer.value);
        let [tenth, hundredth, thousandth, least] = all.tpr_at_fmr.as_slice() else { panic!("four targets") };
        assert_eq!((tenth.distance, tenth.tpr.unwrap().value), (Some(0.8), 1.0));
        let tpr = hundredth.tpr.unwrap();
        assert!((tpr.value - 0.9).abs() < 1e-9 && tpr.low < 0.85 && tpr.high > 0.93, "{tpr:?}");
        assert_eq!((thousandth.tpr, least.tpr), (None, None));
        assert_eq!(summarize(&pairs), summaries);
        assert_eq!(all.roc.iter().map(|point| point.distance).collect::<Vec<_>>(), [0.4, 0.6, 0.8, 0.9]);
    }
}
