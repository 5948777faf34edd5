//! Where chance comes from: one generator a purpose, so that a change in one place does not shift all others.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// The same numbers on every machine, unlike `StdRng`.
pub(crate) type Random = ChaCha8Rng;

/// What numbers are drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Person = 1,
    Drawing = 2,
    Degradation = 3,
}

pub(crate) fn generator(seed: u64, purpose: Purpose) -> Random {
    let mut generator = Random::seed_from_u64(seed);
    generator.set_stream(purpose as u64);
    generator
}
