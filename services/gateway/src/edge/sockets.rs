//! Callers whose requests ask for a connection of its own, which outlives the check of their credentials.
//!
//! Who serves such a connection finds a [`CallerEnded`] with the request, which ends within a second of the credential, in
//! whatever process that is ended. Closes no connection itself.

use std::{sync::Arc, time::Duration};

use axum::extract::Request;
use http::header;
use tokio::time::{Instant, sleep, timeout};

use prosopa_contract::verifier::{Verifier, VerifyError};
use prosopa_http::{CallerEnded, CallerWatch};
use prosopa_model::Principal;

/// Time between two questions.
const ASK_PERIOD: Duration = Duration::from_millis(400);

/// Longest time that an answer is waited for.
const ASK_TIME: Duration = Duration::from_secs(1);

/// Longest time that a caller is served of whom nobody knows.
const DOUBT_TIME: Duration = Duration::from_secs(5);

/// Watches over an authenticated caller who asks for another protocol, for as long as a service wants to know.
pub(super) fn watch(verifier: &Arc<dyn Verifier>, request: &mut Request) {
    if !request.headers().contains_key(header::UPGRADE) {
        return;
    }
    let Some(principal) = request.extensions().get::<Principal>().cloned() else { return };
    let (ended, watch) = CallerEnded::watched();
    request.extensions_mut().insert(ended);
    tokio::spawn(ask_again(Arc::clone(verifier), principal, watch));
}

async fn ask_again(verifier: Arc<dyn Verifier>, principal: Principal, watch: CallerWatch) {
    let mut known_at = Instant::now();
    loop {
        sleep(ASK_PERIOD).await;
        if !watch.is_wanted() {
            return;
        }
        let asked_at = Instant::now();
        match timeout(ASK_TIME, verifier.still_holds(&principal)).await {
            Ok(Ok(true)) => known_at = asked_at,
            Ok(Ok(false) | Err(VerifyError::Invalid | VerifyError::Expired)) => return watch.end(),
            Ok(Err(VerifyError::Unavailable { .. })) | Err(_) => {
                if known_at.elapsed() >= DOUBT_TIME {
                    tracing::warn!("a connection is ended: nobody knows whether its credential still holds");
                    return watch.end();
                }
            }
        }
    }
}
