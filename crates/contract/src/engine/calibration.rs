//! Reading a [`Calibration`]: what a distance means, and what may be said of it.

use super::{Calibration, CalibrationPoint};

/// Most points of a table.
const POINTS_MAX: usize = 256;

/// A value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What a distance means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// 0 to 100, a monotone function of the distance: 100 times the match probability. At 50 the distance is as usual for
    /// one person as for two, at 90 nine times and at 99 ninety-nine times as usual for one.
    pub score: f64,
    /// The match probability; none at distances where it may not be trusted.
    pub match_probability: Option<Band>,
    /// The false match rate of a threshold at this distance; none where it may not be trusted.
    pub false_match_rate: Option<Band>,
    /// What the false match rate does not exceed, with a confidence of 95 %: said of distances that are too close for a
    /// rate of their own too.
    pub false_match_rate_max: f64,
}

impl Calibration {
    /// What is wrong with the table; none if nothing is.
    pub fn fault(&self) -> Option<String> {
        let says = |text: &str| Some(text.to_owned());
        if !(2..=POINTS_MAX).contains(&self.points.len()) {
            return says("there must be 2 to 256 points");
        }
        let bounds = [self.trusted_distance_min, self.trusted_distance_max, self.fmr_distance_min];
        let values = self.points.iter().flat_map(|point| [point.distance].into_iter().chain(rates(point)));
        if bounds.into_iter().chain(values).any(|value| !value.is_finite() || value < 0.0) {
            return says("every value must be a number, 0 or more");
        }
        if self.points.iter().flat_map(rates).any(|rate| rate > 1.0) {
            return says("probabilities and rates must be at most 1");
        }
        let is_inside = |point: &CalibrationPoint| {
            let p = point;
            (p.match_probability_low..=p.match_probability_high).contains(&p.match_probability)
                && (p.false_match_rate_low..=p.false_match_rate_high).contains(&p.false_match_rate)
        };
        if !self.points.iter().all(is_inside) {
            return says("an interval does not hold its value");
        }
        let is_in_order = |two: &[CalibrationPoint]| {
            let [near, far] = two else { return true };
            let (fall, rise) = (probabilities(near).into_iter().zip(probabilities(far)), false_matches(near));
            near.distance < far.distance
                && fall.into_iter().all(|(near, far)| near >= far)
                && rise.into_iter().zip(false_matches(far)).all(|(near, far)| near <= far)
        };
        if !self.points.windows(2).all(is_in_order) {
            return says("the points are not monotone");
        }
        if self.trusted_distance_min > self.trusted_distance_max {
            return says("the range that may be trusted is empty");
        }
        None
    }

    /// What `distance` means. Beyond the table its nearest end counts.
    pub fn read(&self, distance: f64) -> Reading {
        let at = |value: fn(&CalibrationPoint) -> f64| self.interpolate(distance, value);
        let probability = Band {
            value: at(|point| point.match_probability),
            low: at(|point| point.match_probability_low),
            high: at(|point| point.match_probability_high),
        };
        let rate = Band {
            value: at(|point| point.false_match_rate),
            // Rates are counted, so they rise in steps: between two points the interval is that of both.
            low: self.point_before(distance).map_or(0.0, |point| point.false_match_rate_low),
            high: self.point_from(distance).map_or(1.0, |point| point.false_match_rate_high),
        };
        let is_trusted = (self.trusted_distance_min..=self.trusted_distance_max).contains(&distance);
        Reading {
            score: 100.0 * probability.value,
            match_probability: is_trusted.then_some(probability),
            false_match_rate: (distance >= self.fmr_distance_min).then_some(rate),
            false_match_rate_max: rate.high.max(self.fmr_min()),
        }
    }

    /// The least false match rate that can be kept, with a confidence of 95 %.
    pub fn fmr_min(&self) -> f64 {
        self.point_from(self.fmr_distance_min).map_or(1.0, |point| point.false_match_rate_high)
    }

    /// The last point that is not beyond `distance`.
    fn point_before(&self, distance: f64) -> Option<&CalibrationPoint> {
        self.points.iter().rev().find(|point| point.distance <= distance)
    }

    /// The first point that is not closer than `distance`.
    fn point_from(&self, distance: f64) -> Option<&CalibrationPoint> {
        self.points.iter().find(|point| point.distance >= distance)
    }

    fn interpolate(&self, distance: f64, value: fn(&CalibrationPoint) -> f64) -> f64 {
        match (self.point_before(distance), self.point_from(distance)) {
            (Some(near), Some(far)) if near.distance < far.distance => {
                let share = (distance - near.distance) / (far.distance - near.distance);
                value(near) + share * (value(far) - value(near))
            }
            (Some(point), _) | (None, Some(point)) => value(point),
            (None, None) => f64::NAN,
        }
    }
}

fn probabilities(point: &CalibrationPoint) -> [f64; 3] {
    [point.match_probability, point.match_probability_low, point.match_probability_high]
}

fn false_matches(point: &CalibrationPoint) -> [f64; 3] {
    [point.false_match_rate, point.false_match_rate_low, point.false_match_rate_high]
}

fn rates(point: &CalibrationPoint) -> impl Iterator<Item = f64> + use<> {
    probabilities(point).into_iter().chain(false_matches(point))
}

#[cfg(test)]
mod tests;
