//! Questions under way: who asks the same at the same time waits for one answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::time::Instant;

use prosopa_contract::verifier::{Verified, VerifyError};

use super::{answer::Answer, answers::Digest};

/// Age up to which a question is shared: its answer may be as old, whoever has to wait for it.
const SHARED_MAX: Duration = Duration::from_millis(250);

type Outcome = Result<Arc<Answer<Verified>>, VerifyError>;
type Asked = BoxFuture<'static, Outcome>;

/// Questions under way. Whoever waits for one drives it; one that nobody waits for is dropped.
#[derive(Default)]
pub(super) struct Flights {
    under_way: Arc<Mutex<HashMap<Digest, Flight>>>,
}

struct Flight {
    began_at: Instant,
    asked: WeakShared<Asked>,
}

/// How somebody waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// The question was asked for this caller.
    Pilot,
    /// It was under way.
    Passenger,
}

impl Flights {
    /// Joins the question about a credential that is under way, else asks.
    pub(super) fn join<F>(
        &self,
        digest: Digest,
        now: Instant,
        ask: impl FnOnce() -> F,
    ) -> (Shared<Asked>, Seat)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = under_way.get(&digest)
            && flight.began_at + SHARED_MAX > now
            && let Some(asked) = flight.asked.upgrade()
        {
            return (asked, Seat::Passenger);
        }
        let landing = Landing { under_way: Arc::clone(&self.under_way), digest, began_at: now };
        let answer = ask();
        let asked = async move {
            let _landing = landing;
            answer.await
        };
        let asked = asked.boxed().shared();
        if let Some(weak) = asked.downgrade() {
            under_way.insert(digest, Flight { began_at: now, asked: weak });
        }
        (asked, Seat::Pilot)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Takes a question off the list when it is answered or dropped.
struct Landing {
    under_way: Arc<Mutex<HashMap<Digest, Flight>>>,
    digest: Digest,
    began_at: Instant,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // Another one may be under way by now.
        if under_way.get(&self.digest).is_some_and(|flight| flight.began_at == self.began_at) {
            under_way.remove(&self.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> impl Future<Output = Outcome> + Send + 'static {
        std::future::pending()
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_nobody_waits_for_is_forgotten() {
        let flights = Flights::default();
        let (first, seat) = flights.join([1; 32], Instant::now(), never);
        assert_eq!((seat, flights.len()), (Seat::Pilot, 1));
        let (second, seat) = flights.join([1; 32], Instant::now(), never);
        assert_eq!(seat, Seat::Passenger);
        drop(first);
        assert_eq!(flights.len(), 1, "one still waits");
        drop(second);
        assert_eq!(flights.len(), 0);
    }

    /// S7: an answer is no older than what a caller may be told.
    #[tokio::test(start_paused = true)]
    async fn an_old_question_is_not_shared() {
        let flights = Flights::default();
        let (_old, _) = flights.join([1; 32], Instant::now(), never);
        tokio::time::advance(SHARED_MAX).await;
        let (young, seat) = flights.join([1; 32], Instant::now(), never);
        assert_eq!(seat, Seat::Pilot);
        drop(_old);
        assert_eq!(flights.len(), 1, "the old one takes itself off the list only");
        drop(young);
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn an_answer_goes_to_all_who_wait() {
        let flights = Flights::default();
        let (first, _) = flights.join([1; 32], Instant::now(), || async { Err(VerifyError::Expired) });
        let (second, _) = flights.join([1; 32], Instant::now(), never);
        assert_eq!(first.await.err(), Some(VerifyError::Expired));
        assert_eq!(second.await.err(), Some(VerifyError::Expired));
        assert_eq!(flights.len(), 0);
    }
}
