//! A plan as administrators write it, and the one that is measured with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_model::{LimitMode, Meter, QuotaWindow, RateLimit, Timestamp, Zone};

use super::{Limit, Plan, Span};
use crate::config::{OnLedgerLoss, RATE_MAX, Rate};

/// Limits in one plan.
const LIMITS_MAX: usize = 8;

/// Longest sliding window: 31 days, seconds.
const SLIDING_MAX: u32 = 31 * 24 * 60 * 60;

/// Largest weight of an operation.
const WEIGHT_MAX: u32 = 1_000;

/// Characters of a description.
const DESCRIPTION_MAX: usize = 500;

/// Limits, a rate, and what holds while nothing can be counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanDefinition {
    /// For people, up to 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(example = "For teams")]
    pub(crate) description: String,
    /// Up to eight; a request must fit into all of them.
    limits: Vec<LimitDefinition>,
    /// How fast requests may follow each other; the default rate if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RateDefinition>)]
    rate: Option<Rate>,
    /// What happens to metered requests while nothing can be counted: `deny` or `allow`.
    #[serde(default)]
    #[schema(value_type = String, example = "deny")]
    on_loss: OnLedgerLoss,
}

/// How fast requests may follow each other.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the configuration's type")]
struct RateDefinition {
    /// Requests a second in the long run.
    #[schema(example = 50, minimum = 1)]
    requests_per_second: u32,
    /// Requests that may come at once.
    #[schema(example = 100, minimum = 1)]
    burst: u32,
}

/// So much of one meter in each window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LimitDefinition {
    /// `requests`, `images`, `frames`, `audio_seconds` or `bytes`.
    #[serde(default = "requests")]
    #[schema(value_type = String, example = "requests")]
    meter: Meter,
    /// When it is counted.
    window: WindowDefinition,
    /// How much is allowed in a window.
    #[schema(example = 1_000)]
    limit: u64,
    /// `enforce`, or `shadow` to count and report only.
    #[serde(default)]
    #[schema(value_type = String, example = "enforce")]
    mode: LimitMode,
    /// Operations that count more than once, by `service_operation`; 0 for not at all, up to 1,000.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({}))]
    weights: BTreeMap<String, u32>,
}

/// When a limit is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum WindowDefinition {
    /// Calendar days.
    Day {
        /// IANA name of the time zone whose days are meant; UTC if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time_zone: Option<String>,
    },
    /// Calendar months.
    Month {
        /// IANA name of the time zone whose months are meant; UTC if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time_zone: Option<String>,
    },
    /// Months that begin at the day and time of day of an anchor, or on the last day of those that are too short.
    BillingMonth {
        /// The anchor; if absent, the one that each assignment has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        anchor: Option<Timestamp>,
        /// IANA name of the time zone in which days are counted; UTC if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time_zone: Option<String>,
    },
    /// The time up to now. Counted in sixtieths, so that what is spent may count a sixtieth or two longer, never shorter.
    Sliding {
        /// How long, 1 second to 31 days.
        #[schema(minimum = 1, maximum = 2_678_400)]
        seconds: u32,
    },
}

/// What definitions may refer to.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The metered operations; none where any name will do.
    pub(crate) operations: Option<BTreeSet<String>>,
    /// The rate of plans that say none.
    pub(crate) rate: RateLimit,
}

/// Values that make no sense, each with its JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan makes no sense: {0:?}")]
pub(crate) struct DefinitionError(pub(crate) Vec<(String, String)>);

impl PlanDefinition {
    /// The plan in the form that requests are measured with.
    pub(crate) fn check(&self, name: &str, known: &Known) -> Result<Plan, DefinitionError> {
        let mut errors = Vec::new();
        let mut complain = |pointer: String, detail: String| errors.push((pointer, detail));
        if self.description.chars().count() > DESCRIPTION_MAX {
            complain("/description".into(), format!("must be at most {DESCRIPTION_MAX} characters"));
        }
        if !(1..=LIMITS_MAX).contains(&self.limits.len()) {
            complain("/limits".into(), format!("must be 1 to {LIMITS_MAX}"));
        }
        if let Some(rate) = self.rate {
            for (key, value) in [("requests_per_second", rate.requests_per_second), ("burst", rate.burst)] {
                if !(1..=RATE_MAX).contains(&value) {
                    complain(format!("/rate/{key}"), format!("must be 1 to {RATE_MAX}"));
                }
            }
        }
        let mut limits: Vec<Limit> = Vec::new();
        for (index, definition) in self.limits.iter().take(LIMITS_MAX).enumerate() {
            let at = |part: &str| format!("/limits/{index}/{part}");
            for (operation, weight) in &definition.weights {
                let pointer = at(&format!("weights/{}", operation.replace('~', "~0").replace('/', "~1")));
                if known.operations.as_ref().is_some_and(|names| !names.contains(operation)) {
                    complain(pointer, "no metered operation has this name".into());
                } else if *weight > WEIGHT_MAX {
                    complain(pointer, format!("must be 0 to {WEIGHT_MAX}"));
                }
            }
            if definition.limit > u64::from(u32::MAX) << 16 {
                complain(at("limit"), format!("must be at most {}", u64::from(u32::MAX) << 16));
            }
            match definition.window.check() {
                Err((part, detail)) => complain(at(&format!("window/{part}")), detail),
                Ok(window) => {
                    let name = definition.name();
                    if limits.iter().any(|limit| *limit.name == *name) {
                        complain(at("window"), format!("another limit is named {name} as well"));
                    }
                    limits.push(definition.with(name, window));
                }
            }
        }
        if !errors.is_empty() {
            return Err(DefinitionError(errors));
        }
        Ok(Plan::new(Arc::from(name), limits, self.rate.map_or(known.rate, RateLimit::from), self.on_loss))
    }
}

impl From<&Plan> for PlanDefinition {
    fn from(plan: &Plan) -> Self {
        let Plan { limits, pace, on_loss, .. } = plan;
        let RateLimit { requests_per_second, burst } = pace.limit();
        let rate = Some(Rate { requests_per_second, burst });
        let limits = limits.iter().map(LimitDefinition::from).collect();
        Self { description: String::new(), limits, rate, on_loss: *on_loss }
    }
}

impl From<&Limit> for LimitDefinition {
    fn from(limit: &Limit) -> Self {
        let weights = limit
            .weights
            .iter()
            .map(|(operation, weight)| (operation.clone(), u32::try_from(*weight).unwrap_or(WEIGHT_MAX)));
        let weights = weights.collect();
        let Limit { meter, mode, limit, window, .. } = limit;
        Self { meter: *meter, window: window.into(), limit: *limit, mode: *mode, weights }
    }
}

impl From<&Span> for WindowDefinition {
    fn from(span: &Span) -> Self {
        let time_zone = |zone: &Zone| Some(zone.name().to_owned());
        match span {
            Span::Common(QuotaWindow::Day(zone)) => Self::Day { time_zone: time_zone(zone) },
            Span::Common(QuotaWindow::Month(zone)) => Self::Month { time_zone: time_zone(zone) },
            Span::Common(QuotaWindow::BillingMonth { anchor, zone }) => {
                Self::BillingMonth { anchor: Some(*anchor), time_zone: time_zone(zone) }
            }
            Span::Common(QuotaWindow::Sliding { seconds }) => Self::Sliding { seconds: *seconds },
            Span::Billing(zone) => Self::BillingMonth { anchor: None, time_zone: time_zone(zone) },
        }
    }
}

impl LimitDefinition {
    /// `day` for requests a day; other meters are named first: `images_day`.
    fn name(&self) -> String {
        let window = match &self.window {
            WindowDefinition::Day { .. } => "day".to_owned(),
            WindowDefinition::Month { .. } => "month".to_owned(),
            WindowDefinition::BillingMonth { .. } => "billing_month".to_owned(),
            WindowDefinition::Sliding { seconds } => format!("sliding_{seconds}"),
        };
        if self.meter == Meter::Requests { window } else { format!("{}_{window}", self.meter) }
    }

    fn with(&self, name: String, window: Span) -> Limit {
        let weights = self.weights.iter().map(|(operation, weight)| (operation.clone(), u64::from(*weight)));
        Limit {
            name: Arc::from(name),
            meter: self.meter,
            mode: self.mode,
            window,
            limit: self.limit,
            weights: weights.collect(),
        }
    }
}

impl WindowDefinition {
    /// The window, or the member that makes no sense and why.
    fn check(&self) -> Result<Span, (&'static str, String)> {
        match self {
            Self::Day { time_zone } => Ok(Span::Common(QuotaWindow::Day(find_zone(time_zone.as_deref())?))),
            Self::Month { time_zone } => {
                Ok(Span::Common(QuotaWindow::Month(find_zone(time_zone.as_deref())?)))
            }
            Self::BillingMonth { anchor, time_zone } => {
                let zone = find_zone(time_zone.as_deref())?;
                Ok(match *anchor {
                    Some(anchor) => Span::Common(QuotaWindow::BillingMonth { anchor, zone }),
                    None => Span::Billing(zone),
                })
            }
            Self::Sliding { seconds } if (1..=SLIDING_MAX).contains(seconds) => {
                Ok(Span::Common(QuotaWindow::Sliding { seconds: *seconds }))
            }
            Self::Sliding { .. } => Err(("seconds", format!("must be 1 to {SLIDING_MAX}"))),
        }
    }
}

fn find_zone(name: Option<&str>) -> Result<Zone, (&'static str, String)> {
    let Some(name) = name else { return Ok(Zone::UTC) };
    Zone::find(name)
        .ok_or_else(|| ("time_zone", "no time zone has this name; Europe/Berlin is one".to_owned()))
}

const fn requests() -> Meter {
    Meter::Requests
}
