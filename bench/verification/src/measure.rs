//! One row of the table, and answers that are kept.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use prosopa_contract::credential_changes::CredentialChanges;
use prosopa_model::SystemClock;
use prosopa_runtime::CachingVerifier;
use prosopa_telemetry::Metrics;

use crate::product::{Asked, Product};

/// Verifications of one round.
const CALLS: u32 = 2_000;

const ROUNDS: usize = 7;

/// More than the time within which changes are heard of first.
const WARM_UP: Duration = Duration::from_millis(500);

/// The same, with answers kept while changes are heard of.
pub(crate) async fn keep(asked: &Asked, changes: Arc<dyn CredentialChanges>) -> Asked {
    let clock = Arc::new(SystemClock);
    let kept = CachingVerifier::new(Arc::clone(&asked.verifier), changes, clock, &Metrics::new()).unwrap();
    let client_keys = Arc::new(kept.with_client_keys(Arc::clone(&asked.client_keys)));
    let follower = kept.clone();
    tokio::spawn(async move { follower.follow(CancellationToken::new()).await });
    tokio::time::sleep(WARM_UP).await;
    Asked { verifier: Arc::new(kept), client_keys }
}

/// Prints what a token, a key and the key of a signature cost.
pub(crate) async fn print_row(name: &str, asked: &Asked, product: &Product) {
    let verify = async |credential: &str| {
        asked.verifier.verify(SecretString::from(credential)).await.unwrap();
    };
    let token = best_us(async || verify(&product.token).await).await;
    let key = best_us(async || verify(&product.key).await).await;
    let client_key = best_us(async || {
        asked.client_keys.find(&product.access_key).await.unwrap().unwrap();
    });
    println!("| {name} | {token:.1} | {key:.1} | {:.1} |", client_key.await);
}

async fn best_us(call: impl AsyncFn()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            call().await;
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    best
}
