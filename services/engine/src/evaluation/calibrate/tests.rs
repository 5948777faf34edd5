//! What a table says of the pairs that it was made of.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn pairs(genuine: &[f64], impostor: &[f64]) -> Pairs {
    let pair = |is_same| move |distance: &f64| Pair { distance: *distance, is_same, people: None };
    let all = genuine.iter().map(pair(true)).chain(impostor.iter().map(pair(false))).collect();
    Pairs::new(all, 0, b"a test").unwrap()
}

fn spread(from: f64, to: f64, count: u32) -> Vec<f64> {
    (0..count).map(|index| from + (to - from) * f64::from(index) / f64::from(count - 1)).collect()
}

/// N1: rates are counted, and nothing is trusted that was seen less than three times.
#[test]
fn a_table_counts_what_it_was_made_of() {
    let table = calibrate(&pairs(&spread(0.2, 0.6, 100), &spread(0.5, 1.0, 501))).unwrap();
    assert_eq!(table.fault(), None);
    assert!(table.points.len() <= 50, "{}", table.points.len());
    let at =
        |distance: f64| table.points.iter().find(|point| (point.distance - distance).abs() < 1e-9).unwrap();
    // 101 of 501 lie at .6 or closer.
    assert!((at(0.6).false_match_rate - 101.0 / 501.0).abs() < 1e-6);
    assert!(at(0.6).false_match_rate_low < 0.18 && at(0.6).false_match_rate_high > 0.22);
    assert!((0.502..0.53).contains(&table.fmr_distance_min), "{}", table.fmr_distance_min);
    assert!((table.trusted_distance_min - 0.2 - 2.0 * 0.4 / 99.0).abs() < 1e-9);
    assert!(at(0.2).match_probability <= 1.0 - 1.0 / 503.0 + 1e-6);
    let half = table.points.iter().find(|point| point.match_probability < 0.5).unwrap().distance;
    assert!((0.5..0.62).contains(&half), "{half}");
}

/// N1: one person's many pictures are worth less than as many pictures of many persons.
#[test]
fn pairs_of_few_persons_give_wide_intervals() {
    let mut few = Vec::new();
    for (index, distance) in spread(0.3, 0.9, 300).into_iter().enumerate() {
        let person = u32::try_from(index % 4).unwrap();
        few.push(Pair { distance: distance / 2.0, is_same: true, people: Some([person, person]) });
        // The persons 0 and 1 look alike.
        let others = if index % 3 == 0 { [0, 1] } else { [2, 3] };
        let distance = if index % 3 == 0 { distance } else { distance + 0.3 };
        few.push(Pair { distance, is_same: false, people: Some(others) });
    }
    let width = |people: u32, pairs: &[Pair]| {
        let table = calibrate(&Pairs::new(pairs.to_vec(), people, b"").unwrap()).unwrap();
        let widths =
            table.points.iter().map(|point| point.false_match_rate_high - point.false_match_rate_low);
        widths.fold(0.0, f64::max)
    };
    let known = width(4, &few);
    let forgotten: Vec<Pair> = few.iter().map(|pair| Pair { people: None, ..*pair }).collect();
    let unknown = width(0, &forgotten);
    assert!(known > 2.0 * unknown, "{known} and {unknown}");
}

#[test]
fn pairs_that_say_nothing_are_refused() {
    let few = calibrate(&pairs(&spread(0.2, 0.4, 29), &spread(0.6, 1.0, 100))).unwrap_err();
    assert_eq!(few, CalibrationError::TooFew { genuine: 29, impostor: 100 });
    let reversed = calibrate(&pairs(&spread(0.6, 1.0, 50), &spread(0.2, 0.4, 50))).unwrap_err();
    assert_eq!(reversed, CalibrationError::NoOrder);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// K4: whatever the pairs, the table is one that a pack may carry: small, monotone, its intervals around its values;
    /// and it is the same each time.
    #[test]
    fn every_table_is_small_and_monotone(
        genuine in prop::collection::vec(0.0..1.2_f64, 30..60),
        impostor in prop::collection::vec(0.1..3.0_f64, 30..90),
    ) {
        let pairs = pairs(&genuine, &impostor);
        let table = calibrate(&pairs);
        prop_assert_eq!(&table, &calibrate(&pairs));
        match table {
            Ok(table) => {
                prop_assert_eq!(table.fault(), None);
                prop_assert!(table.points.len() <= 52, "{} points", table.points.len());
            }
            Err(error) => prop_assert_eq!(error, CalibrationError::NoOrder),
        }
    }
}
