//! The one door to the `pulp` crate: plain loops, compiled for the widest vectors that this processor has.

use pulp::{Arch, Simd, WithSimd};

/// Plain loops over numbers.
pub(super) trait Loops {
    /// Runs them. This and all that it calls must always be inlined: what is not, is compiled for any processor.
    fn run(self);
}

/// Runs loops that were compiled for this processor.
pub(super) fn run_widest(loops: impl Loops) {
    Arch::new().dispatch(Dispatched(loops));
}

struct Dispatched<L>(L);

impl<L: Loops> WithSimd for Dispatched<L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.run();
    }
}
