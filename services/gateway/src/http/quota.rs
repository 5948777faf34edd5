//! `GET /api/v1/quota`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use http::StatusCode;
use prosopa_http::{Caller, Endpoints, Operation};
use prosopa_model::{LimitMode, Meter, QuotaSnapshot, Scope, Timestamp, WindowUse};
use prosopa_problem::{Code, Problem};

use super::State;

pub(super) fn endpoints() -> Endpoints<State> {
    let show = Operation::get("show_quota", "/api/v1/quota")
        .summary("Show the caller's plan and how much of each limit is used")
        .scope(Scope::AccountRead)
        .json_answer::<Quota>(StatusCode::OK, "The quota");
    Endpoints::new().add(show, show_quota)
}

/// The plan that applies to the caller, and its use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Quota {
    /// Name of the plan.
    #[schema(example = "default")]
    plan: String,
    /// How fast requests may follow each other.
    rate: QuotaRate,
    /// Use of each limit.
    limits: Vec<LimitUse>,
}

/// How fast requests may follow each other.
#[derive(Debug, Serialize, ToSchema)]
struct QuotaRate {
    /// Requests a second in the long run.
    #[schema(example = 10)]
    requests_per_second: u32,
    /// Requests that may come at once.
    #[schema(example = 20)]
    burst: u32,
}

/// How much of one limit is used.
#[derive(Debug, Serialize, ToSchema)]
struct LimitUse {
    /// Its name, as in the header `RateLimit`: `day` for requests a day, `images_month` for pictures a month.
    #[schema(example = "day")]
    name: String,
    /// What is counted: `requests`, `images`, `frames`, `audio_seconds` or `bytes`.
    #[schema(value_type = String, example = "requests")]
    meter: Meter,
    /// `enforce`, or `shadow` where nothing is refused.
    #[schema(value_type = String, example = "enforce")]
    mode: LimitMode,
    /// How much is allowed in the window.
    #[schema(example = 100)]
    limit: u64,
    /// How much is spent in it.
    #[schema(example = 3)]
    used: u64,
    /// How much is left in it.
    #[schema(example = 97)]
    remaining: u64,
    /// When it ends and the next begins empty; of a sliding window, when the oldest use leaves it.
    #[schema(value_type = String, format = DateTime, example = "2026-01-03T00:00:00.000000Z")]
    resets_at: Timestamp,
}

impl From<WindowUse> for LimitUse {
    fn from(window: WindowUse) -> Self {
        let remaining = window.remaining();
        let WindowUse { name, meter, mode, limit, used, resets_at } = window;
        Self { name, meter, mode, limit, used, remaining, resets_at }
    }
}

async fn show_quota(Caller(caller): Caller) -> Result<Json<Quota>, Problem> {
    // The edge has looked already.
    let Some(QuotaSnapshot { plan, windows, rate }) = caller.quota else {
        return Err(Problem::new(Code::Unavailable).with_detail("the quota cannot be read at the moment"));
    };
    let rate = QuotaRate { requests_per_second: rate.requests_per_second, burst: rate.burst };
    Ok(Json(Quota { plan, rate, limits: windows.into_iter().map(LimitUse::from).collect() }))
}
