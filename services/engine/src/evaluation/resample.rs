//! Drawing pairs anew, to see how much a result hangs on the persons who happened to be there.

use super::pairs::Pair;

/// How often.
pub(super) const ROUNDS: usize = 1_000;

/// Where drawing begins, so that the same pairs give the same numbers.
const SEED: u64 = 0x5052_4f53_4f50_4121;

/// Draws weights for pairs: how often each stands in a sample of the same size.
///
/// Where the persons are known, persons are drawn, not pairs: the pairs of one person stand and fall together, and taking
/// them for independent would claim more than they tell (bootstrap of clusters; a pair of two persons counts as often as
/// both were drawn).
pub(super) struct Resampler<'a> {
    pairs: &'a [Pair],
    people: Vec<u32>,
    random: SplitMix64,
}

impl<'a> Resampler<'a> {
    /// A resampler over `pairs` of so many persons, 0 where they are not known.
    pub(super) fn new(pairs: &'a [Pair], people: u32) -> Self {
        let is_known = people > 0 && pairs.iter().all(|pair| pair.people.is_some());
        let people = vec![0; if is_known { people as usize } else { 0 }];
        Self { pairs, people, random: SplitMix64(SEED) }
    }

    /// Draws one sample: a weight for each pair. None where it lacks one kind of pairs.
    pub(super) fn draw(&mut self) -> Option<Vec<u32>> {
        let weights = if self.people.is_empty() { self.draw_pairs() } else { self.draw_people() };
        let has = |is_same: bool| {
            self.pairs.iter().zip(&weights).any(|(pair, weight)| pair.is_same == is_same && *weight > 0)
        };
        (has(true) && has(false)).then_some(weights)
    }

    fn draw_pairs(&mut self) -> Vec<u32> {
        let mut weights = vec![0; self.pairs.len()];
        for _ in 0..weights.len() {
            let index = self.random.below(weights.len());
            weights[index] += 1;
        }
        weights
    }

    fn draw_people(&mut self) -> Vec<u32> {
        self.people.fill(0);
        for _ in 0..self.people.len() {
            let index = self.random.below(self.people.len());
            self.people[index] += 1;
        }
        let times = |number: u32| self.people.get(number as usize).copied().unwrap_or_default();
        let weight = |pair: &Pair| match pair.people {
            Some([a, _]) if pair.is_same => times(a),
            Some([a, b]) => times(a) * times(b),
            None => 0,
        };
        self.pairs.iter().map(weight).collect()
    }
}

/// Sebastiano Vigna's `SplitMix64`: small, and the same everywhere and for ever.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0; the bias of 64 bits is of no account.
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers that Vigna's program gives for the seed 1234567.
    #[test]
    fn numbers_are_the_published_ones() {
        let mut random = SplitMix64(1_234_567);
        let found: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    /// A person who was not drawn is in no pair of the sample.
    #[test]
    fn pairs_of_a_person_stand_and_fall_together() {
        let pair = |a, b| Pair { distance: 0.5, is_same: a == b, people: Some([a, b]) };
        let pairs = [pair(0, 0), pair(0, 0), pair(1, 1), pair(0, 1), pair(1, 2), pair(0, 2)];
        let mut resampler = Resampler::new(&pairs, 3);
        for _ in 0..50 {
            let Some(weights) = resampler.draw() else { continue };
            assert_eq!(weights[0], weights[1]);
            assert_eq!(weights[3], weights[0] * weights[2]);
            assert_eq!(resampler.people.iter().sum::<u32>(), 3);
        }
    }
}
