//! Microseconds until it is known who stands behind a credential: asked for and kept, in one process and over gRPC on
//! loopback. One after the other, the best of several rounds. Prints a Markdown table.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod product;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use prosopa_contract::{
    credential_changes::{CredentialChanges, CredentialChangesClient},
    verifier::{Verifier, VerifierClient},
};
use prosopa_model::SystemClock;
use prosopa_runtime::CachingVerifier;
use prosopa_telemetry::Metrics;

use self::product::Product;

/// Verifications of one round.
const CALLS: u32 = 2_000;

const ROUNDS: usize = 7;

/// More than the time within which changes are heard of first.
const WARM_UP: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() {
    let product = Product::start().await;
    let channel = Channel::from_shared(format!("http://{}", product.address)).unwrap().connect_lazy();
    let remote: Arc<dyn Verifier> = Arc::new(VerifierClient::new(channel.clone()));
    let remote_changes = Arc::new(CredentialChangesClient::new(channel));
    println!("| verification, µs | access token | API key |\n|---|---|---|");
    row("in one process, asked for", &*product.verifier, &product).await;
    let kept = keep(&product.verifier, product.changes.clone()).await;
    row("in one process, kept", &kept, &product).await;
    row("over gRPC, asked for", &*remote, &product).await;
    let kept = keep(&remote, remote_changes).await;
    row("over gRPC, kept", &kept, &product).await;
    product.stop().await;
}

/// A verifier that keeps answers and hears of changes.
async fn keep(verifier: &Arc<dyn Verifier>, changes: Arc<dyn CredentialChanges>) -> CachingVerifier {
    let clock = Arc::new(SystemClock);
    let kept = CachingVerifier::new(Arc::clone(verifier), changes, clock, &Metrics::new()).unwrap();
    let follower = kept.clone();
    tokio::spawn(async move { follower.follow(CancellationToken::new()).await });
    tokio::time::sleep(WARM_UP).await;
    kept
}

async fn row(name: &str, verifier: &dyn Verifier, product: &Product) {
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
