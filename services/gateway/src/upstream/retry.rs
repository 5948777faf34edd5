//! Which requests are sent again, and how many.
//!
//! A service that is in trouble gets more requests by every retry; so there are only as many as a share of all requests.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{body::Body, extract::Request};
use http::{HeaderMap, Method, Uri};
use http_body::Body as _;

use prosopa_http::IDEMPOTENCY_KEY;

/// One retry, in the hundredths that requests pay in.
const PRICE: u64 = 100;

/// Most that is saved up: ten retries.
const SAVED_MAX: u64 = 10 * PRICE;

/// What may be spent on retries. Begins full.
pub(super) struct RetryBudget {
    saved: AtomicU64,
    percent: u64,
}

impl RetryBudget {
    pub(super) fn new(percent: u32) -> Self {
        let percent = u64::from(percent);
        let saved = if percent == 0 { 0 } else { SAVED_MAX };
        Self { saved: AtomicU64::new(saved), percent }
    }

    /// A request pays in.
    pub(super) fn pay_in(&self) {
        self.change(|saved| (saved < SAVED_MAX).then(|| (saved + self.percent).min(SAVED_MAX)));
    }

    /// Pays for one retry, if that is possible.
    pub(super) fn pay_out(&self) -> bool {
        self.change(|saved| saved.checked_sub(PRICE))
    }

    fn change(&self, change: impl Fn(u64) -> Option<u64>) -> bool {
        self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }
}

/// All of a request that may be repeated: one that has no body, and does no more the second time than the first.
pub(super) struct Repeatable {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Repeatable {
    /// Nothing where a request may not be repeated once a part of it was sent.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let is_idempotent =
            request.method().is_idempotent() || request.headers().contains_key(&IDEMPOTENCY_KEY);
        (is_idempotent && request.body().is_end_stream()).then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    /// The request once more.
    pub(super) fn to_request(&self) -> Request {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However requests and retries come: there are never more retries than the share, and the ten that were saved.
        #[test]
        fn retries_stay_within_the_budget(
            percent in 0u32..=100,
            pays_in in prop::collection::vec(any::<bool>(), 0..2_000),
        ) {
            let budget = RetryBudget::new(percent);
            let (mut requests, mut retries) = (0u64, 0u64);
            for pays_in in pays_in {
                if pays_in {
                    requests += 1;
                    budget.pay_in();
                } else {
                    retries += u64::from(budget.pay_out());
                }
                prop_assert!(retries * 100 <= 10 * 100 + requests * u64::from(percent));
                prop_assert!(percent > 0 || retries == 0);
            }
        }
    }

    #[test]
    fn requests_earn_retries() {
        let budget = RetryBudget::new(20);
        assert_eq!((0..20).filter(|_| budget.pay_out()).count(), 10);
        for _ in 0..4 {
            budget.pay_in();
            assert!(!budget.pay_out());
        }
        budget.pay_in();
        assert!(budget.pay_out() && !budget.pay_out());
    }

    #[test]
    fn only_what_does_no_more_the_second_time_is_repeatable() {
        let request = |method: Method, key: Option<&str>, body: &'static str| {
            let mut request = Request::builder().method(method).uri("/x").body(Body::from(body)).unwrap();
            if let Some(key) = key {
                request.headers_mut().insert(IDEMPOTENCY_KEY, key.parse().unwrap());
            }
            Repeatable::of(&request).is_some()
        };
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE] {
            assert!(request(method.clone(), None, ""), "{method}");
            assert!(!request(method.clone(), None, "body"), "{method}");
        }
        assert!(request(Method::POST, Some("key"), ""));
        for (method, key, body) in
            [(Method::POST, None, ""), (Method::PATCH, None, ""), (Method::POST, Some("key"), "body")]
        {
            assert!(!request(method, key, body));
        }
    }
}
