//! How figures are taken and shown.

use std::time::Instant;

/// Rounds of a measurement; their median counts.
const ROUNDS: usize = 9;

/// A Markdown table on stdout.
pub(crate) struct Table {
    plain_us: f64,
}

impl Table {
    /// Prints the head; figures are compared with `plain_us`.
    pub(crate) fn begin(plain_us: f64) -> Self {
        println!("| what | µs | times the plain HMAC |\n|---|---|---|");
        Self { plain_us }
    }

    /// Prints one figure.
    pub(crate) fn row(&mut self, what: &str, us: f64) {
        println!("| {what} | {us:.1} | {:.1} |", us / self.plain_us);
    }
}

/// Time of one call, microseconds.
pub(crate) fn measure(mut call: impl FnMut()) -> f64 {
    const CALLS: u32 = 5_000;
    let mut rounds = [0.0; ROUNDS];
    for round in &mut rounds {
        let begun = Instant::now();
        for _ in 0..CALLS {
            call();
        }
        *round = begun.elapsed().as_secs_f64() / f64::from(CALLS) * 1e6;
    }
    median(rounds)
}

/// Time of one call out of `calls`, microseconds; `run` makes so many, and is called once for each round.
pub(crate) async fn measure_all(calls: usize, run: impl AsyncFn()) -> f64 {
    let mut rounds = [0.0; ROUNDS];
    for round in &mut rounds {
        let begun = Instant::now();
        run().await;
        *round = begun.elapsed().as_secs_f64() / calls as f64 * 1e6;
    }
    median(rounds)
}

fn median(mut rounds: [f64; ROUNDS]) -> f64 {
    rounds.sort_unstable_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}
