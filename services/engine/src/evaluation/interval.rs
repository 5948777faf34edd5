//! Intervals of 95 % around what was measured.

use serde::Serialize;

/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A measured value and where it lies with a confidence of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// What was measured.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The share `count / total` with Wilson's score interval (E. B. Wilson 1927), which holds for shares near 0 and 1 too.
/// It takes the pairs for independent of each other.
pub(super) fn wilson(count: u64, total: u64) -> Interval {
    let (count, total) = (count as f64, total as f64);
    let share = count / total;
    let spread = Z * Z / total;
    let centre = share + spread / 2.0;
    let half = Z * (share * (1.0 - share) / total + spread / (4.0 * total)).sqrt();
    let scale = 1.0 + spread;
    // Rounding must not put the share outside of its own interval.
    let low = ((centre - half) / scale).clamp(0.0, share);
    let high = ((centre + half) / scale).clamp(share, 1.0);
    Interval { value: share, low, high }
}

/// The middle 95 % of what resampling gave; none where it gave nothing.
pub(super) fn percentiles(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (share * (values.len().saturating_sub(1)) as f64).round();
        values.get(index as usize).copied()
    };
    Some((at(0.025)?, at(0.975)?))
}

impl Interval {
    /// The narrowest interval that holds this one and the other.
    pub(super) fn widened_by(self, other: Option<(f64, f64)>) -> Self {
        let (low, high) = other.unwrap_or((self.low, self.high));
        Self { value: self.value, low: self.low.min(low), high: self.high.max(high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 5e-4
    }

    /// Table I of R. G. Newcombe, Statistics in Medicine 17 (1998), method 3.
    #[test]
    fn wilson_agrees_with_published_intervals() {
        for (count, total, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = wilson(count, total);
            assert!(is_near(found.low, low) && is_near(found.high, high), "{count}/{total}: {found:?}");
        }
    }

    #[test]
    fn percentiles_leave_a_fortieth_out_on_each_side() {
        let values: Vec<f64> = (0..=1_000).rev().map(f64::from).collect();
        assert_eq!(percentiles(values), Some((25.0, 975.0)));
        assert_eq!(percentiles(Vec::new()), None);
    }
}
