//! `POST /api/v1/auth/api-keys/leaked`, for scanners of what should not have been published.

use axum::{Extension, extract, response::IntoResponse};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::Json;
use prosopa_problem::Problem;
use prosopa_runtime::{Network, PeerAddress};

use crate::{api_keys::leaked, http::NO_STORE, state::State};

/// Texts that were found where others can read them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeakReport {
    /// 1 to 100 whole texts of API keys (`psp_live_…`) or secret keys of clients (`pss_…`).
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100, example = json!(["psp_live_01h455vb4pex5vsknk084sn02q_7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn_1c291ca3"]))]
    keys: Vec<SecretString>,
}

/// What came of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeakOutcomes {
    /// One for each text, in the order of the report.
    results: Vec<LeakOutcome>,
}

/// What came of one text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeakOutcome {
    /// `revoked`: it was a live key, which works no more; `unknown`: it was none, or none any more.
    #[schema(example = "revoked")]
    status: &'static str,
}

pub(in crate::http) async fn report(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    Json(report): Json<LeakReport>,
) -> Result<impl IntoResponse, Problem> {
    let network = Network::of(peer.map(|Extension(peer)| peer));
    let outcomes = leaked::report(&state, &report.keys, &network).await?;
    let result = |is_revoked| LeakOutcome { status: if is_revoked { "revoked" } else { "unknown" } };
    let results = outcomes.into_iter().map(result).collect();
    Ok(([NO_STORE], axum::Json(LeakOutcomes { results })))
}
