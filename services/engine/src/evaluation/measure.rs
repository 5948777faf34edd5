//! Error rates as the threshold of the distance rises.

use super::pairs::Pair;

/// The rates at one threshold: pairs that are no further apart are called one person's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    /// The threshold.
    pub(super) distance: f64,
    /// Share of the pairs of two persons that are called one person's.
    pub(super) fmr: f64,
    /// Share of the pairs of one person that are called two persons'.
    pub(super) fnmr: f64,
}

/// The rates at every distance that occurs, nearest first. `sorted` is in order of the distance; each pair counts as
/// often as its weight says. None where one kind of pairs has no weight.
pub(super) fn curve(sorted: &[Pair], weight: impl Fn(usize) -> u32) -> Option<Vec<Rates>> {
    let (mut genuine, mut impostor) = (0_u64, 0_u64);
    for (index, pair) in sorted.iter().enumerate() {
        *(if pair.is_same { &mut genuine } else { &mut impostor }) += u64::from(weight(index));
    }
    if genuine == 0 || impostor == 0 {
        return None;
    }
    let (mut matched, mut falsely) = (0_u64, 0_u64);
    let mut rates: Vec<Rates> = Vec::new();
    for (index, pair) in sorted.iter().enumerate() {
        *(if pair.is_same { &mut matched } else { &mut falsely }) += u64::from(weight(index));
        let here = Rates {
            distance: pair.distance,
            fmr: falsely as f64 / impostor as f64,
            fnmr: 1.0 - matched as f64 / genuine as f64,
        };
        // Pairs of one distance are on one side of every threshold.
        match rates.last_mut() {
            Some(last) if last.distance == pair.distance => *last = here,
            _ => rates.push(here),
        }
    }
    Some(rates)
}

/// Where both rates are equal, on the line between the two thresholds around it.
pub(super) fn equal_error_rate(curve: &[Rates]) -> f64 {
    let (mut fmr, mut fnmr) = (0.0, 1.0);
    for rates in curve {
        if rates.fmr >= rates.fnmr {
            let (before, after) = (fnmr - fmr, rates.fmr - rates.fnmr);
            let share = if before + after > 0.0 { before / (before + after) } else { 0.0 };
            return fmr + share * (rates.fmr - fmr);
        }
        (fmr, fnmr) = (rates.fmr, rates.fnmr);
    }
    fmr
}

/// The furthest threshold whose false match rate is at most `fmr`; none where even the nearest pair is above it.
pub(super) fn at_fmr(curve: &[Rates], fmr: f64) -> Option<Rates> {
    curve.iter().take_while(|rates| rates.fmr <= fmr).last().copied()
}

/// The rates of the threshold `distance`, which need not occur.
pub(super) fn at_distance(curve: &[Rates], distance: f64) -> Rates {
    let beyond = curve.partition_point(|rates| rates.distance <= distance);
    match beyond.checked_sub(1).and_then(|index| curve.get(index)) {
        Some(rates) => Rates { distance, ..*rates },
        None => Rates { distance, fmr: 0.0, fnmr: 1.0 },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn pairs(genuine: &[f64], impostor: &[f64]) -> Vec<Pair> {
        let pair = |is_same| move |distance: &f64| Pair { distance: *distance, is_same, people: None };
        let mut pairs: Vec<Pair> =
            genuine.iter().map(pair(true)).chain(impostor.iter().map(pair(false))).collect();
        pairs.sort_by(|one, other| one.distance.total_cmp(&other.distance));
        pairs
    }

    /// Counted by hand: thresholds .1, .2, .3 (a tie of both kinds), .4.
    #[test]
    fn rates_are_counted() {
        let curve = curve(&pairs(&[0.1, 0.2, 0.3, 0.4], &[0.3, 0.5]), |_| 1).unwrap();
        let rates: Vec<_> = curve.iter().map(|rates| (rates.distance, rates.fmr, rates.fnmr)).collect();
        let expected =
            [(0.1, 0.0, 0.75), (0.2, 0.0, 0.5), (0.3, 0.5, 0.25), (0.4, 0.5, 0.0), (0.5, 1.0, 0.0)];
        assert_eq!(rates, expected);
        assert_eq!(at_fmr(&curve, 0.4).unwrap().distance, 0.2);
        assert_eq!(at_distance(&curve, 0.35), Rates { distance: 0.35, fmr: 0.5, fnmr: 0.25 });
        assert_eq!(at_distance(&curve, 0.05).fnmr, 1.0);
        // Between (0, .5) and (.5, .25) both are equal at one third.
        assert!((equal_error_rate(&curve) - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn kinds_that_do_not_overlap_have_no_equal_error() {
        let curve = curve(&pairs(&[0.1, 0.2], &[0.6, 0.7]), |_| 1).unwrap();
        assert_eq!(equal_error_rate(&curve), 0.0);
        assert!(at_fmr(&self::curve(&pairs(&[0.9], &[0.1]), |_| 1).unwrap(), 0.1).is_none());
    }

    proptest! {
        /// K4: a further threshold never lets fewer false matches through, nor refuses more of one person.
        #[test]
        fn rates_are_monotone(
            genuine in prop::collection::vec(0.0..2.0_f64, 1..50),
            impostor in prop::collection::vec(0.0..2.0_f64, 1..50),
        ) {
            let curve = curve(&pairs(&genuine, &impostor), |_| 1).unwrap();
            for two in curve.windows(2) {
                prop_assert!(two[0].distance < two[1].distance);
                prop_assert!(two[0].fmr <= two[1].fmr && two[0].fnmr >= two[1].fnmr);
            }
            let eer = equal_error_rate(&curve);
            prop_assert!((0.0..=1.0).contains(&eer));
        }
    }
}
