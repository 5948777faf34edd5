//! An attempt to guess a password, counted by the name it is for and by the network it comes from.

use prosopa_runtime::Network;

use crate::{
    error::Error,
    state::State,
    throttle::{Counted, Throttle},
};

/// One thing under which an attempt is counted.
pub(crate) struct Guess<'a> {
    throttle: &'a Throttle,
    counted: Counted,
}

impl<'a> Guess<'a> {
    /// Counted under the name that it is for; `kind` keeps kinds of names apart.
    pub(crate) fn at(state: &'a State, kind: &'static str, key: &str) -> Self {
        let throttle = &state.login_throttle;
        Self { throttle, counted: throttle.counted(kind, key.as_bytes()) }
    }

    /// Counted under the network that it comes from.
    pub(crate) fn from(state: &'a State, network: &Network) -> Self {
        let throttle = &state.network_throttle;
        Self { throttle, counted: throttle.counted("network", &network.bytes()) }
    }

    /// Forgets what failed before.
    pub(crate) async fn forgive(&self) {
        self.throttle.reset(&self.counted).await;
    }
}

/// Makes an attempt unless too many failed, and counts it as failed for as long as it is not known to have ended
/// otherwise: a caller that hangs up has guessed all the same.
pub(crate) async fn attempt<T>(
    state: &State,
    guesses: &[Guess<'_>],
    attempt: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let now = state.clock.now();
    let mut begun = Vec::with_capacity(guesses.len());
    for guess in guesses {
        match guess.throttle.begin(&guess.counted, now).await {
            Ok(place) => begun.push((guess, place)),
            Err(refused) => {
                for (guess, place) in begun {
                    guess.throttle.give_back(&guess.counted, place).await;
                }
                return Err(Error::TooManyFailedLogins { retry_after: refused.retry_after });
            }
        }
    }
    let made = attempt.await;
    for (guess, place) in begun {
        match &made {
            Ok(_) => guess.throttle.succeed(&guess.counted, place).await,
            Err(Error::InvalidCredentials) => {}
            Err(_) => guess.throttle.give_back(&guess.counted, place).await,
        }
    }
    made
}
