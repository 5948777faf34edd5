//! What tells a service that a caller, who was genuine at the request, is so no more.

use std::sync::{Arc, Weak};

use tokio_util::sync::CancellationToken;

/// Among the extensions of an authenticated request that asks for a connection of its own: ends when its credential does.
///
/// Whoever serves the connection keeps this as long, since nobody watches once it is gone, and closes when it ends.
#[derive(Clone)]
pub struct CallerEnded(Arc<CancellationToken>);

/// The other end: tells those that hold the [`CallerEnded`], as long as anybody does.
pub struct CallerWatch(Weak<CancellationToken>);

impl CallerEnded {
    /// One that has not ended, and what ends it.
    pub fn watched() -> (Self, CallerWatch) {
        let token = Arc::new(CancellationToken::new());
        let watch = CallerWatch(Arc::downgrade(&token));
        (Self(token), watch)
    }

    /// Waits until the caller is to be served no more; for ever if that never comes.
    pub async fn ended(&self) {
        self.0.cancelled().await;
    }
}

impl CallerWatch {
    /// Whether anybody still wants to know.
    pub fn is_wanted(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Tells that the caller is to be served no more.
    pub fn end(&self) {
        if let Some(token) = self.0.upgrade() {
            token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R6: everybody who serves the caller hears of the end, whenever they ask.
    #[tokio::test]
    async fn an_end_reaches_every_holder() {
        let (ended, watch) = CallerEnded::watched();
        let other = ended.clone();
        watch.end();
        ended.ended().await;
        other.ended().await;
    }

    /// Nobody is watched for nothing.
    #[test]
    fn a_watch_is_wanted_while_somebody_holds_the_other_end() {
        let (ended, watch) = CallerEnded::watched();
        let other = ended.clone();
        drop(ended);
        assert!(watch.is_wanted());
        drop(other);
        assert!(!watch.is_wanted());
    }
}
