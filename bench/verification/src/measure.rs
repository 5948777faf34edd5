//! One row of the table, and a verifier that keeps answers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use prosopa_contract::{credential_changes::CredentialChanges, verifier::Verifier};
use prosopa_model::SystemClock;
use prosopa_runtime::CachingVerifier;
use prosopa_telemetry::Metrics;

use crate::product::Product;

/// Verifications of one round.
const CALLS: u32 = 2_000;

const ROUNDS: usize = 7;

/// More than the time within which changes are heard of first.
const WARM_UP: Duration = Duration::from_millis(500);

/// A verifier that keeps answers and hears of changes.
pub(crate) async fn keep(
    verifier: &Arc<dyn Verifier>,
    changes: Arc<dyn CredentialChanges>,
) -> CachingVerifier {
    let clock = Arc::new(SystemClock);
    let kept = CachingVerifier::new(Arc::clone(verifier), changes, clock, &Metrics::new()).unwrap();
    let follower = kept.clone();
    tokio::spawn(async move { follower.follow(CancellationToken::new()).await });
    tokio::time::sleep(WARM_UP).await;
    kept
}

/// Prints what a token and a key cost.
pub(crate) async fn print_row(name: &str, verifier: &dyn Verifier, product: &Product) {
    let token = best_us(verifier, &product.token).await;
    let key = best_us(verifier, &product.key).await;
    println!("| {name} | {token:.1} | {key:.1} |");
}

async fn best_us(verifier: &dyn Verifier, credential: &str) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            verifier.verify(SecretString::from(credential)).await.unwrap();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    best
}
