//! The end of a listener in two steps: first clients are told to go elsewhere, while they are still served; then nothing new is
//! begun, and what is in hand is finished.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    Leaving,
    Ended,
}

/// The end of a listener, of which its connections are told.
pub(super) struct Ending(watch::Sender<Phase>);

/// What a connection knows of it. The listener waits until all of these are gone.
#[derive(Clone)]
pub(super) struct Ended(watch::Receiver<Phase>);

impl Ending {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Phase::Open))
    }

    /// For one connection.
    pub(super) fn watch(&self) -> Ended {
        Ended(self.0.subscribe())
    }

    /// Clients are to go elsewhere.
    pub(super) fn leave(&self) {
        self.0.send_replace(Phase::Leaving);
    }

    /// Nothing new is begun; waits for what is in hand.
    pub(super) async fn end(&self) {
        self.0.send_replace(Phase::Ended);
        self.0.closed().await;
    }
}

impl Ended {
    /// Whether the client is to go elsewhere.
    pub(super) fn is_left(&self) -> bool {
        *self.0.borrow() > Phase::Open
    }

    /// Waits until it is.
    pub(super) async fn left(&self) {
        self.reach(Phase::Leaving).await;
    }

    /// Waits until nothing new is begun.
    pub(super) async fn ended(&self) {
        self.reach(Phase::Ended).await;
    }

    async fn reach(&self, phase: Phase) {
        // A listener that is gone has ended.
        let _ = self.0.clone().wait_for(|reached| *reached >= phase).await;
    }
}
