//! When a transaction is to be repeated, and after how long.

use std::time::Duration;

use crate::Error;

/// Attempts before a conflict is told to the caller.
const ATTEMPTS_MAX: u32 = 10;

/// Longest pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(2);

/// An error that may say: another transaction got in the way, try again.
pub trait Retryable {
    /// Whether the same transaction may succeed if it is repeated.
    fn is_conflict(&self) -> bool;
}

impl Retryable for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

/// Counts the attempts of one transaction.
#[derive(Debug, Default)]
pub struct Attempts {
    failed: u32,
}

impl Attempts {
    /// Before the first.
    pub const fn new() -> Self {
        Self { failed: 0 }
    }

    /// Whether, after this error, another attempt makes sense.
    pub fn may_repeat(&mut self, error: &impl Retryable) -> bool {
        self.failed += 1;
        error.is_conflict() && self.failed < ATTEMPTS_MAX
    }

    /// Waits: longer each time, and never as long as whoever was in the way.
    pub async fn pause(&self) {
        let longest = PAUSE * 2_u32.saturating_pow(self.failed.min(8));
        // The identifier is made of the clock and of random bits, of which the last ones are enough here.
        let share = f64::from(uuid::Uuid::now_v7().as_bytes()[15]) / f64::from(u8::MAX);
        tokio::time::sleep(longest.mul_f64(share)).await;
    }
}

/// Runs a block in a transaction of its own that behaves as if it were alone, and commits it.
///
/// The whole is repeated when another transaction got in its way: the block must have no effect but what it writes to
/// the transaction.
///
/// The block's value is a `Result` whose error implements [`Retryable`](crate::Retryable); `return` and `?` end the
/// block, not the function around it.
///
/// ```ignore
/// let session = transact!(database, tx => { let row = find(&mut tx, id).await?; close(&mut tx, row).await?; Ok(row) })?;
/// ```
#[macro_export]
macro_rules! transact {
    ($database:expr, $tx:ident => $body:block) => {{
        let mut attempts = $crate::Attempts::new();
        loop {
            let outcome = async {
                let mut $tx = $database.begin_alone().await?;
                let value = async { $body }.await;
                match value {
                    Ok(value) => $tx.commit().await.map(|()| value).map_err(::core::convert::From::from),
                    Err(error) => Err(error),
                }
            }
            .await;
            match outcome {
                Err(error) if attempts.may_repeat(&error) => attempts.pause().await,
                outcome => break outcome,
            }
        }
    }};
}
