//! Logistic regression of "one person" on the distance, after J. Platt (1999) with the improvements of H.-T. Lin, C.-J.
//! Lin and R. Weng, Machine Learning 68 (2007).

use super::pairs::Pair;

const STEPS_MAX: usize = 100;

/// Added to the diagonal, so that the matrix can always be inverted.
const RIDGE: f64 = 1e-9;

/// `1 / (1 + exp(slope * distance + offset))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Logistic {
    slope: f64,
    offset: f64,
}

impl Logistic {
    /// Fits pairs, each counted as its weight says. Both kinds count for one half altogether, so that the probability is
    /// that at even odds. None where one kind has no weight.
    ///
    /// The targets are a little inside of 0 and 1, so that kinds that do not overlap have a fit too: by Platt's rule for the
    /// rarer kind, and alike for both, or even odds would not lie where both are as usual.
    pub(super) fn fit(pairs: &[Pair], weight: impl Fn(usize) -> u32) -> Option<Self> {
        let (mut genuine, mut impostor) = (0.0, 0.0);
        for (index, pair) in pairs.iter().enumerate() {
            *(if pair.is_same { &mut genuine } else { &mut impostor }) += f64::from(weight(index));
        }
        if genuine == 0.0 || impostor == 0.0 {
            return None;
        }
        let share = [0.5 / impostor, 0.5 / genuine];
        let margin = 1.0 / (genuine.min(impostor) + 2.0);
        let target = [margin, 1.0 - margin];
        let samples: Vec<Sample> = pairs
            .iter()
            .enumerate()
            .filter(|(index, _)| weight(*index) > 0)
            .map(|(index, pair)| Sample {
                distance: pair.distance,
                weight: f64::from(weight(index)) * share[usize::from(pair.is_same)],
                target: target[usize::from(pair.is_same)],
            })
            .collect();
        Some(newton(&samples))
    }

    /// Probability that faces so far apart are one person's, where that is as likely as not beforehand.
    pub(super) fn probability(self, distance: f64) -> f64 {
        let exponent = self.slope * distance + self.offset;
        if exponent >= 0.0 {
            (-exponent).exp() / (1.0 + (-exponent).exp())
        } else {
            1.0 / (1.0 + exponent.exp())
        }
    }

    /// Whether it falls as the distance rises, as it must if distances tell persons apart.
    pub(super) fn falls(self) -> bool {
        self.slope > 0.0
    }
}

struct Sample {
    distance: f64,
    weight: f64,
    target: f64,
}

/// Newton's method with steps that are halved until they help.
fn newton(samples: &[Sample]) -> Logistic {
    let mut found = Logistic { slope: 0.0, offset: 0.0 };
    let mut loss = loss_of(samples, found);
    for _ in 0..STEPS_MAX {
        let (mut gradient, mut hessian) = ([0.0; 2], [RIDGE, 0.0, RIDGE]);
        for sample in samples {
            let p = found.probability(sample.distance);
            let (error, curvature) = (sample.weight * (sample.target - p), sample.weight * p * (1.0 - p));
            gradient[0] += error * sample.distance;
            gradient[1] += error;
            hessian[0] += curvature * sample.distance * sample.distance;
            hessian[1] += curvature * sample.distance;
            hessian[2] += curvature;
        }
        let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
        let step = [
            -(hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
            -(hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant,
        ];
        let mut length = 1.0;
        let better = loop {
            let tried =
                Logistic { slope: found.slope + length * step[0], offset: found.offset + length * step[1] };
            let tried_loss = loss_of(samples, tried);
            if tried_loss < loss {
                break Some((tried, tried_loss));
            }
            length *= 0.5;
            if length < 1e-10 {
                break None;
            }
        };
        let Some((tried, tried_loss)) = better else { break };
        let gain = loss - tried_loss;
        (found, loss) = (tried, tried_loss);
        if gain < 1e-14 {
            break;
        }
    }
    found
}

/// Cross entropy, in the form that does not overflow.
fn loss_of(samples: &[Sample], logistic: Logistic) -> f64 {
    let loss = |sample: &Sample| {
        let exponent = logistic.slope * sample.distance + logistic.offset;
        let log = (-exponent.abs()).exp().ln_1p();
        let own = if exponent >= 0.0 { sample.target * exponent } else { (sample.target - 1.0) * exponent };
        sample.weight * (own + log)
    };
    samples.iter().map(loss).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn pair(distance: f64, is_same: bool) -> Pair {
        Pair { distance, is_same, people: None }
    }

    /// Mirrored around .5, the probability there is one half, however many there are of each kind.
    #[test]
    fn even_odds_lie_in_the_middle() {
        let mut pairs = Vec::new();
        for step in 0..10 {
            let off = f64::from(step) * 0.04;
            pairs.push(pair(0.2 + off, true));
            pairs.push(pair(0.8 - off, false));
        }
        let even = Logistic::fit(&pairs, |_| 1).unwrap();
        assert!((even.probability(0.5) - 0.5).abs() < 1e-9);
        let more = Logistic::fit(&pairs, |index| if index % 2 == 0 { 1 } else { 7 }).unwrap();
        assert!((more.probability(0.5) - 0.5).abs() < 1e-9, "{}", more.probability(0.5));
        assert!(even.falls() && even.probability(0.2) > 0.8);
    }

    /// At the optimum the mean of the probabilities is the mean of the targets (the derivative by the offset is 0).
    #[test]
    fn the_fit_is_an_optimum() {
        let pairs: Vec<Pair> =
            (0..200).map(|i| pair(f64::from(i % 50) * 0.02, i % 50 < 10 + i % 30)).collect();
        let fit = Logistic::fit(&pairs, |_| 1).unwrap();
        let genuine = pairs.iter().filter(|pair| pair.is_same).count() as f64;
        let impostor = pairs.len() as f64 - genuine;
        let margin = 1.0 / (genuine.min(impostor) + 2.0);
        let residual = |pair: &Pair| {
            let (share, target) =
                if pair.is_same { (0.5 / genuine, 1.0 - margin) } else { (0.5 / impostor, margin) };
            share * (target - fit.probability(pair.distance))
        };
        let residual: f64 = pairs.iter().map(residual).sum();
        assert!(residual.abs() < 1e-6, "{residual}");
    }

    #[test]
    fn kinds_that_do_not_overlap_have_a_fit() {
        let pairs: Vec<Pair> = (0..20).map(|i| pair(f64::from(i) * 0.05, i < 10)).collect();
        let fit = Logistic::fit(&pairs, |_| 1).unwrap();
        assert!(fit.probability(0.0) > 0.9 && fit.probability(1.0) < 0.1 && fit.probability(0.0) < 1.0);
        assert!(Logistic::fit(&pairs[..5], |_| 1).is_none());
    }
}
