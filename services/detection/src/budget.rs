//! How many bytes of pictures may be in memory at the same time, whoever sends or fetches them.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// Bytes of one permit.
const UNIT: u64 = 1024;

/// Longest wait for room.
const PATIENCE: Duration = Duration::from_secs(10);

/// The room that there is. Cheap to clone; waiting claims are served in their order.
#[derive(Clone)]
pub(crate) struct ByteBudget {
    room: Arc<Semaphore>,
    units: u32,
}

/// Room that is taken until this is dropped.
pub(crate) struct Claim {
    _permit: OwnedSemaphorePermit,
}

impl ByteBudget {
    /// Room for `bytes`.
    pub(crate) fn new(bytes: u64) -> Self {
        let units = units(bytes);
        Self { room: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Takes room for `bytes`; more than there is at all takes all of it.
    pub(crate) async fn claim(&self, bytes: u64) -> Result<Claim, Error> {
        let wanted = units(bytes).min(self.units);
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.room).acquire_many_owned(wanted)).await;
        let permit = permit.ok().and_then(Result::ok).ok_or(Error::NoRoom)?;
        Ok(Claim { _permit: permit })
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_does_not_fit_waits_and_then_is_refused() {
        let budget = ByteBudget::new(10 * UNIT);
        let held = budget.claim(9 * UNIT).await.unwrap();
        assert!(matches!(budget.claim(2 * UNIT).await, Err(Error::NoRoom)));
        drop(held);
        assert!(budget.claim(2 * UNIT).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_larger_than_all_takes_all() {
        let budget = ByteBudget::new(10 * UNIT);
        assert!(budget.claim(1_000 * UNIT).await.is_ok());
    }
}
