//! One request and its answer as operators see them: counted, timed and logged exactly once, whatever becomes of it.

use std::{sync::Arc, time::Instant};

use axum::{extract::Request, response::Response};
use http::{Method, StatusCode};
use http_body::Body;

use prosopa_http::CurrentRequestId;
use prosopa_model::{AccountId, RequestId, Units};
use prosopa_problem::{Code, Problem};

use crate::{
    bodies::BodyMeter,
    headers::Standing,
    ledger::Reservation,
    metrics::{Metrics, UNMATCHED},
    plans::Plan,
    routes::Route,
    upstream::AnsweredProblem,
    usage::{End, Entry, Sample, Timings, kept_headers, redacted_json},
};

/// What a request would cost.
pub(crate) struct Charge {
    /// What is reserved.
    pub(crate) reservation: Reservation,
    /// The plan that says so.
    pub(crate) plan: Arc<Plan>,
    /// What was reckoned with.
    pub(crate) units: Units,
    /// What the body came to, once it is being read.
    pub(crate) body: BodyMeter,
}

/// What a request's time is spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Finding out who calls.
    Verify,
    /// Rate, scope and quota.
    Admit,
    /// The service.
    Upstream,
}

/// A request in hand. Dropped before [`finish`](Self::finish), it counts as aborted by the client; what was reserved
/// is then given back unless the service has been called.
pub(crate) struct Exchange<'a> {
    /// How the caller stands against its limits.
    pub(crate) standing: Standing,
    /// Whose request it is, once that is known.
    pub(crate) account_id: Option<AccountId>,
    /// What the request would cost, until that is settled.
    pub(crate) charge: Option<Charge>,
    /// What is told of it, once the caller is known.
    pub(crate) usage: Option<Entry>,
    /// What its body came to.
    pub(crate) body: BodyMeter,
    /// Whether its bodies are told.
    pub(crate) sample: Option<Sample>,
    response_body: String,
    timings: Timings,
    lap_began: Instant,
    metrics: &'a Metrics,
    route: Option<&'a Route>,
    /// What it is about where there is no operation.
    place: &'static str,
    method: Method,
    request_id: Option<RequestId>,
    started: Instant,
    outcome: Option<(StatusCode, Option<Code>)>,
}

impl<'a> Exchange<'a> {
    /// Begins with the request's head.
    pub(crate) fn begin(metrics: &'a Metrics, request: &Request) -> Self {
        metrics.in_flight.inc();
        let started = Instant::now();
        Self {
            standing: Standing::default(),
            account_id: None,
            charge: None,
            usage: None,
            body: BodyMeter::default(),
            sample: None,
            response_body: String::new(),
            timings: Timings::default(),
            lap_began: started,
            metrics,
            route: None,
            place: UNMATCHED,
            method: request.method().clone(),
            request_id: request.extensions().get::<CurrentRequestId>().map(|id| id.0),
            started,
            outcome: None,
        }
    }

    /// The operation was found.
    pub(crate) const fn set_route(&mut self, route: &'a Route) {
        self.route = Some(route);
    }

    /// It is about something that is no operation.
    pub(crate) const fn set_place(&mut self, place: &'static str) {
        self.place = place;
    }

    /// The span of the request in traces.
    pub(crate) fn span(&self) -> tracing::Span {
        let operation = self.operation();
        tracing::info_span!("request", operation, request_id = self.request_id.map(tracing::field::display))
    }

    /// A stage is over: what has passed since the last one was over is added to its time.
    pub(crate) fn end_stage(&mut self, stage: Stage) {
        let now = Instant::now();
        let passed = u64::try_from(now.duration_since(self.lap_began).as_micros()).unwrap_or(u64::MAX);
        self.lap_began = now;
        match stage {
            Stage::Verify => self.timings.verify_us += passed,
            Stage::Admit => self.timings.admit_us += passed,
            Stage::Upstream => self.timings.upstream_us += passed,
        }
    }

    /// Looks into the answer, where that is told.
    pub(crate) async fn read_answer(&mut self, response: &mut Response) {
        if let Some(sample) = self.sample {
            self.response_body = sample.read_answer(response, self.request_id).await;
        }
    }

    /// Ends with the answer's head.
    pub(crate) fn finish(mut self, response: &Response) {
        let code = code_of(response);
        if let Some(usage) = self.usage.take() {
            let (headers, other_headers) = kept_headers(response.headers());
            let request_body = self.body.kept().and_then(|bytes| redacted_json(&bytes)).unwrap_or_default();
            usage.end(End {
                status: response.status().as_u16(),
                problem_code: code.map_or("", Code::as_str),
                duration_us: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
                request_bytes: self.body.bytes(),
                response_bytes: response.body().size_hint().exact().unwrap_or(0),
                headers,
                other_headers,
                timings: self.timings,
                request_body,
                response_body: std::mem::take(&mut self.response_body),
            });
        }
        self.outcome = Some((response.status(), code));
    }

    /// Its id.
    pub(crate) const fn request_id(&self) -> Option<RequestId> {
        self.request_id
    }

    /// The operation's name.
    pub(crate) fn operation(&self) -> &'a str {
        self.route.map_or(self.place, |route| &route.name)
    }
}

/// The code of the problem that an answer tells of, wherever its document was made.
fn code_of(response: &Response) -> Option<Code> {
    let own = response.extensions().get::<Problem>().map(Problem::code);
    own.or_else(|| response.extensions().get::<AnsweredProblem>().map(|problem| problem.0))
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        let operation = self.operation();
        // Clients may make up methods; a label must not.
        let method = if self.route.is_some() { self.method.as_str() } else { "any" };
        let status = self.outcome.as_ref().map_or("aborted", |(status, _)| status.as_str());
        let code = self.outcome.as_ref().and_then(|(_, code)| *code).map(Code::as_str);
        self.metrics.in_flight.dec();
        self.metrics.requests.with_label_values(&[operation, method, status]).inc();
        match self.route {
            Some(route) => route.seconds.observe(duration.as_secs_f64()),
            None => self.metrics.seconds.with_label_values(&[operation]).observe(duration.as_secs_f64()),
        }
        tracing::info!(
            operation,
            method,
            status,
            code,
            duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            request_id = self.request_id.map(tracing::field::display),
            account_id = self.account_id.map(tracing::field::display),
            "request answered"
        );
    }
}
