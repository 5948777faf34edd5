//! What a table may be, and what it says.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// Three points; false matches can be counted from .6 on.
fn table() -> Calibration {
    let point = |distance, probability: [f64; 3], rate: [f64; 3]| CalibrationPoint {
        distance,
        match_probability: probability[0],
        match_probability_low: probability[1],
        match_probability_high: probability[2],
        false_match_rate: rate[0],
        false_match_rate_low: rate[1],
        false_match_rate_high: rate[2],
    };
    Calibration {
        points: vec![
            point(0.4, [0.99, 0.95, 0.999], [0.0, 0.0, 0.005]),
            point(0.6, [0.5, 0.3, 0.7], [0.01, 0.005, 0.02]),
            point(1.0, [0.01, 0.001, 0.05], [0.9, 0.8, 0.95]),
        ],
        genuine_pairs: 100,
        impostor_pairs: 500,
        people: 10,
        trusted_distance_min: 0.3,
        trusted_distance_max: 0.9,
        fmr_distance_min: 0.6,
        source_sha256: "0".repeat(64),
    }
}

/// K4, N1: the score is 100 times the probability; closer than the first countable false matches there is no rate, only
/// what it does not exceed.
#[test]
fn a_distance_is_read() {
    let table = table();
    assert_eq!(table.fault(), None);
    let near = table.read(0.5);
    assert!((near.score - 74.5).abs() < 1e-9, "{near:?}");
    assert_eq!((near.false_match_rate, near.false_match_rate_max), (None, 0.02));
    let far = table.read(0.8);
    assert!((far.false_match_rate.unwrap().value - 0.455).abs() < 1e-9);
    // Between two points: no lower than the one before, no higher than the one behind.
    assert_eq!((far.false_match_rate.unwrap().low, far.false_match_rate_max), (0.005, 0.95));
    assert_eq!(table.fmr_min(), 0.02);
    assert!((table.read(0.1).score - 99.0).abs() < 1e-9 && table.read(0.1).match_probability.is_none());
    let beyond = table.read(2.0);
    assert!((beyond.score - 1.0).abs() < 1e-9 && beyond.match_probability.is_none());
    assert_eq!(beyond.false_match_rate_max, 1.0);
}

#[test]
fn tables_that_are_none_are_refused() {
    let changes: [fn(&mut Calibration); 9] = [
        |table| table.points.truncate(1),
        |table| table.points = vec![table.points[0]; 257],
        |table| table.points.swap(0, 1),
        |table| table.points[1].match_probability = 0.995,
        |table| table.points[1].false_match_rate_high = 0.001,
        |table| table.points[0].match_probability = f64::NAN,
        |table| table.points[2].false_match_rate_high = 1.5,
        |table| table.trusted_distance_max = 0.1,
        |table| table.points[0].distance = -1.0,
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut table = table();
        change(&mut table);
        assert!(table.fault().is_some(), "{index}");
    }
}

proptest! {
    /// K4: a greater distance never has a higher score, nor a lower false match rate.
    #[test]
    fn readings_are_monotone(near in 0.0..1.5_f64, more in 0.0..1.0_f64) {
        let (table, far) = (table(), near + more);
        let (near, far) = (table.read(near), table.read(far));
        prop_assert!(near.score >= far.score);
        prop_assert!(near.false_match_rate_max <= far.false_match_rate_max);
        if let (Some(near), Some(far)) = (near.false_match_rate, far.false_match_rate) {
            prop_assert!(near.value <= far.value && near.low <= far.low && near.high <= far.high);
        }
    }
}
