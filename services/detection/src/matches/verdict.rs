//! What a distance means for a caller: score, rates where they may be trusted, and a decision that says when the data
//! cannot tell.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_contract::engine::{Band, Calibration};

use crate::error::Error;

/// The largest false match rate that callers may accept.
const MAX_FMR_MAX: f64 = 0.5;

/// Whether two faces are one person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// They are: a threshold at this distance keeps the accepted false match rate, with a confidence of 95 %.
    Match,
    /// They are not: a threshold at this distance exceeds it, with the same confidence.
    NoMatch,
    /// What was measured cannot tell which of the two.
    Inconclusive,
}

/// A measured value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Estimate {
    /// The value, 0 to 1.
    pub(crate) value: f64,
    /// Lower end.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
}

/// What was made of a distance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Verdict {
    /// Whether both faces are one person's.
    pub(crate) decision: Decision,
    /// 0 to 100, higher for closer faces: 100 times the probability that both are one person's where that is as likely as
    /// not beforehand. At 50 the distance is as usual for one person as for two, at 90 nine times and at 99 ninety-nine
    /// times as usual for one.
    #[schema(example = 99.2)]
    pub(crate) score: f64,
    /// Euclidean distance of the embeddings, 0 or more.
    #[schema(example = 0.31)]
    pub(crate) distance: f64,
    /// The probability behind the score with its interval; absent at distances of which too few pairs were seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) match_probability: Option<Estimate>,
    /// Share of the pairs of two persons that score as high as this or higher; absent where too few pairs were seen to
    /// say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fmr_at_score: Option<Estimate>,
    /// What that share does not exceed, with a confidence of 95 %; known for every score.
    #[schema(example = 0.012)]
    pub(crate) fmr_at_score_max: f64,
}

/// The false match rate that is accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rule {
    max_fmr: f64,
}

impl Rule {
    /// The rate that a caller accepts, or else the least that can be kept.
    ///
    /// [`Error::FmrRange`] and [`Error::FmrUntrusted`] for a rate that is none or that cannot be promised.
    pub(crate) fn new(calibration: &Calibration, max_fmr: Option<f64>) -> Result<Self, Error> {
        let least = calibration.fmr_min();
        match max_fmr {
            None => Ok(Self { max_fmr: least }),
            Some(rate) if !(rate > 0.0 && rate <= MAX_FMR_MAX) => Err(Error::FmrRange),
            Some(rate) if rate < least => Err(Error::FmrUntrusted { least }),
            Some(rate) => Ok(Self { max_fmr: rate }),
        }
    }

    /// The rate that is accepted.
    pub(crate) const fn max_fmr(self) -> f64 {
        self.max_fmr
    }

    /// Judges a distance.
    pub(crate) fn judge(self, calibration: &Calibration, distance: f64) -> Verdict {
        let reading = calibration.read(distance);
        let decision = if reading.false_match_rate_max <= self.max_fmr {
            Decision::Match
        } else if reading.false_match_rate.is_some_and(|rate| rate.low > self.max_fmr) {
            Decision::NoMatch
        } else {
            Decision::Inconclusive
        };
        Verdict {
            decision,
            score: rounded(reading.score),
            distance: rounded(distance),
            match_probability: reading.match_probability.map(Estimate::new),
            fmr_at_score: reading.false_match_rate.map(Estimate::new),
            fmr_at_score_max: rounded(reading.false_match_rate_max),
        }
    }
}

impl Estimate {
    fn new(band: Band) -> Self {
        Self { value: rounded(band.value), low: rounded(band.low), high: rounded(band.high) }
    }
}

/// Six decimals: more is noise of the arithmetic.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use prosopa_testkit::calibration;

    use super::*;

    /// K4, N1: a match where the rate is surely kept, none where it surely is not, and in between the truth.
    #[test]
    fn what_cannot_be_told_is_inconclusive() {
        let table = calibration();
        let rule = Rule::new(&table, Some(0.02)).unwrap();
        let decide = |distance| rule.judge(&table, distance).decision;
        assert_eq!(decide(0.2), Decision::Match);
        assert_eq!(decide(0.6), Decision::Match);
        assert_eq!(decide(0.65), Decision::Inconclusive);
        assert_eq!(decide(1.0), Decision::NoMatch);
        assert_eq!(decide(3.0), Decision::NoMatch);
    }

    /// N1: a rate that cannot be promised is refused with the least that can.
    #[test]
    fn rates_that_cannot_be_kept_are_refused() {
        let table = calibration();
        assert_eq!(Rule::new(&table, None).unwrap().max_fmr(), 0.02);
        assert!(
            matches!(Rule::new(&table, Some(0.001)), Err(Error::FmrUntrusted { least }) if least == 0.02)
        );
        for rate in [0.0, -1.0, 0.51, f64::NAN, f64::INFINITY] {
            assert!(matches!(Rule::new(&table, Some(rate)), Err(Error::FmrRange)), "{rate}");
        }
    }

    proptest! {
        /// K4: closer faces never score lower, nor are judged less favourably.
        #[test]
        fn verdicts_are_monotone(near in 0.0..1.5_f64, more in 0.0..1.0_f64, max_fmr in 0.02..0.5_f64) {
            let table = calibration();
            let rule = Rule::new(&table, Some(max_fmr)).unwrap();
            let rank = |decision| match decision {
                Decision::Match => 2,
                Decision::Inconclusive => 1,
                Decision::NoMatch => 0,
            };
            let (one, other) = (rule.judge(&table, near), rule.judge(&table, near + more));
            prop_assert!(one.score >= other.score);
            prop_assert!(rank(one.decision) >= rank(other.decision));
            prop_assert!(one.fmr_at_score_max <= other.fmr_at_score_max);
        }
    }
}
