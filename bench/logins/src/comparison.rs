//! What is measured, in order: both sides in turns, then the memory of many logins at once.

use prosopa_harness::Product;

use crate::{alone, memory, product};

/// How often the two sides take turns, so that a slow moment of the machine hits both.
const ROUNDS: usize = 5;

/// Logins, and checks of a hash, of each round.
const CHECKS: usize = 200;

/// Logins at the same time for the memory.
const AT_ONCE: usize = 200;

/// Measures and prints the table.
pub(crate) async fn run() {
    let product = Product::start_with(product::SETTINGS).await;
    let users = product::register(&product, AT_ONCE).await;
    let before = memory::resident_mb(product.id());

    let (mut alone, mut through) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(alone::checks_per_second(CHECKS));
        through.push(product::logins_per_second(&product, &users, CHECKS, product::CALLERS).await);
    }
    let (alone, through) = (median(alone), median(through));
    println!("| what | figure |\n|---|---|");
    println!("| argon2id alone, {} threads | {alone:.1}/s |", product::THREADS);
    println!("| logins, {} callers, {} threads | {through:.1}/s |", product::CALLERS, product::THREADS);
    println!("| ratio | {:.2} |", through / alone);

    product::logins_per_second(&product, &users, AT_ONCE, AT_ONCE).await;
    println!("| resident after {AT_ONCE} registrations | {before} MB |");
    println!("| peak, {AT_ONCE} logins at once | {} MB |", memory::peak_mb(product.id()));
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
}
