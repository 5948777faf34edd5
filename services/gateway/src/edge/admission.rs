//! What a caller may ask for now: its rate, its scopes, and what its quota has left; and what of that is kept by the answer.

use std::sync::Arc;

use http::StatusCode;

use prosopa_model::{Meter, Principal, QuotaSnapshot, Scope, Units};

use super::Edge;
use crate::{
    bodies::BodyMeter,
    config::OnLedgerLoss,
    error::Refusal,
    exchange::{Charge, Exchange},
    headers::Burst,
    ledger::ReserveError,
    plans::Applied,
    rate_limit::CallerKey,
    routes::Route,
};

impl Edge {
    /// Rate, scope, quota; the body may be so many `bytes`.
    pub(super) async fn admit(
        &self,
        route: &Route,
        scope: Scope,
        mut principal: Principal,
        bytes: u64,
        exchange: &mut Exchange<'_>,
    ) -> Result<Principal, Refusal> {
        exchange.account_id = Some(principal.account_id);
        let applied = self.plans.with(|book| book.select(&principal));
        if applied.is_missing {
            self.metrics.missing_plans.inc();
        }
        let pace = &applied.plan.pace;
        let key = CallerKey::from(&principal);
        let decision = self.callers.take_at(pace, key, self.monotonic.elapsed()).await;
        exchange.standing.burst = Some(Burst::new(pace.limit(), decision));
        decision?;
        if !principal.scopes.has(scope) {
            return Err(Refusal::Forbidden(scope));
        }
        let mut units = route.units;
        if !units.is_nothing() {
            units = units.with(Meter::Bytes, bytes);
        }
        principal.quota = self.meter(route, units, applied, exchange).await?;
        Ok(principal)
    }

    /// Reserves what the operation counts as; for what is not metered only looks.
    async fn meter(
        &self,
        route: &Route,
        units: Units,
        applied: Applied,
        exchange: &mut Exchange<'_>,
    ) -> Result<Option<QuotaSnapshot>, Refusal> {
        let Applied { plan, purse, .. } = applied;
        let is_metered = !units.is_nothing();
        let outcome = if is_metered {
            let reserved = self.ledger.reserve(purse, plan.charge(&route.name, &units)).await;
            reserved.map(|reservation| {
                for limit in reservation.exceeded() {
                    self.metrics.shadow_refusals.with_label_values(&[&*plan.name, limit]).inc();
                }
                let usage = reservation.usage().clone();
                let (plan, body) = (Arc::clone(&plan), BodyMeter::default());
                exchange.charge = Some(Charge { reservation, plan, units, body });
                usage
            })
        } else {
            self.ledger.look(&purse).await.map_err(ReserveError::from)
        };
        match outcome {
            Ok(usage) => {
                let windows = usage.windows();
                exchange.standing.quota = Some(usage);
                Ok(Some(QuotaSnapshot { plan: plan.name.to_string(), windows, rate: plan.pace.limit() }))
            }
            Err(ReserveError::Exceeded { window, usage }) => {
                exchange.standing.quota = Some(usage);
                Err(Refusal::QuotaExceeded { window, now: self.clock.now() })
            }
            // Only the quota is not shown.
            Err(ReserveError::Lost(_)) if !is_metered => Ok(None),
            Err(ReserveError::Lost(error)) => match plan.on_loss {
                OnLedgerLoss::Allow => {
                    self.metrics.ledger_losses.with_label_values(&["admitted"]).inc();
                    Ok(None)
                }
                OnLedgerLoss::Deny => {
                    self.metrics.ledger_losses.with_label_values(&["refused"]).inc();
                    Err(Refusal::LedgerLost(error))
                }
            },
        }
    }
}

/// Keeps or gives back what was reserved, by the answer; without one, by whether the service was called. Of bytes only
/// those are kept that were read; of all else at most `units_done`, where the service says how much it did.
pub(super) async fn settle(
    exchange: &mut Exchange<'_>,
    answered: Option<StatusCode>,
    is_replay: bool,
    units_done: Option<u64>,
) {
    let Some(Charge { reservation, plan, units, body }) = exchange.charge.take() else { return };
    let usage = if is_replay || answered.map_or_else(|| !reservation.is_handed_on(), is_worthless) {
        reservation.refund().await
    } else {
        let bytes = body.bytes().min(units.of(Meter::Bytes));
        let actual = units_done.map_or(units, |done| at_most(units, done)).with(Meter::Bytes, bytes);
        let operation = exchange.operation();
        reservation.settle(&plan.charge(operation, &actual)).await
    };
    exchange.standing.quota = Some(usage);
}

/// No more than this much of any meter.
fn at_most(units: Units, most: u64) -> Units {
    Meter::ALL.into_iter().fold(units, |units, meter| units.with(meter, units.of(meter).min(most)))
}

/// Whether an answer of this status is not charged.
fn is_worthless(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::BAD_REQUEST
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY
        )
}
