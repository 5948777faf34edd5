//! An attempt to guess a password, counted by the name it is for and by the network it comes from.

use crate::{
    error::Error,
    login_throttle::{LoginThrottle, NameDigest},
    network::Network,
    state::State,
};

/// One thing under which an attempt is counted.
pub(crate) struct Guess<'a> {
    throttle: &'a LoginThrottle,
    name: NameDigest,
}

impl<'a> Guess<'a> {
    /// Counted under the name that it is for; `kind` keeps kinds of names apart.
    pub(crate) fn at(state: &'a State, kind: &'static str, key: &str) -> Self {
        let throttle = &state.login_throttle;
        Self { throttle, name: throttle.digest(kind, key) }
    }

    /// Counted under the network that it comes from.
    pub(crate) fn from(state: &'a State, network: &Network) -> Self {
        let throttle = &state.network_throttle;
        Self { throttle, name: throttle.digest("network", network.bytes()) }
    }

    /// Forgets what failed before.
    pub(crate) fn forgive(&self) {
        self.throttle.reset(self.name);
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
    for (index, guess) in guesses.iter().enumerate() {
        if let Err(refused) = guess.throttle.begin(guess.name, now) {
            guesses[..index].iter().for_each(|begun| begun.throttle.give_back(begun.name));
            return Err(Error::TooManyFailedLogins { retry_after: refused.retry_after });
        }
    }
    let made = attempt.await;
    for guess in guesses {
        match &made {
            Ok(_) => guess.throttle.succeed(guess.name),
            Err(Error::InvalidCredentials) => {}
            Err(_) => guess.throttle.give_back(guess.name),
        }
    }
    made
}
