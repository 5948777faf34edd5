//! Users as callers see them; the operations on one's own user, and those of administrators, are beneath.

pub(super) mod administration;
pub(super) mod own;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use prosopa_model::{AccountId, Meter, QuotaSnapshot, Role, Timestamp, UserId};

use crate::store;

/// A person who signs in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    /// The user.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    id: UserId,
    /// The account that owns the user and what the user makes.
    #[schema(value_type = String, example = "acc_01h455vb4pex5vsknk084sn02q")]
    account_id: AccountId,
    /// Name, as it was typed at registration.
    #[schema(example = "ada")]
    user_name: String,
    /// E-mail address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// `user` or `administrator`.
    #[schema(value_type = String, example = "user")]
    role: Role,
    /// `active` or `deactivated`.
    #[schema(example = "active")]
    status: &'static str,
    /// When the user registered.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    created_at: Timestamp,
}

/// The caller's user and quota.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    #[serde(flatten)]
    user: User,
    /// The account's quota and its use; absent where nothing is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<Quota>,
}

/// A quota and its use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quota {
    /// Name of the plan that applies.
    #[schema(example = "default")]
    plan: String,
    /// Use of each window.
    windows: Vec<Window>,
    /// How fast requests may follow each other.
    rate: Rate,
}

/// Use of one window.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Window {
    /// Name of the limit: `day` for requests a day, `images_month` for pictures a month.
    #[schema(example = "day")]
    name: String,
    /// What is counted, such as `requests`.
    #[schema(value_type = String, example = "requests")]
    meter: Meter,
    /// How much is allowed in the window.
    #[schema(example = 100)]
    limit: u64,
    /// How much is spent in it.
    #[schema(example = 3)]
    used: u64,
    /// How much is left in it.
    #[schema(example = 97)]
    remaining: u64,
    /// When it ends and the next begins empty.
    #[schema(value_type = String, format = DateTime, example = "2026-01-03T00:00:00.000000Z")]
    resets_at: Timestamp,
}

/// How fast requests may follow each other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rate {
    /// Requests a second in the long run.
    #[schema(example = 10)]
    requests_per_second: u32,
    /// Requests that may come at once.
    #[schema(example = 20)]
    burst: u32,
}

impl From<store::users::User> for User {
    fn from(user: store::users::User) -> Self {
        Self {
            id: user.id,
            account_id: user.account_id,
            user_name: user.user_name,
            email: user.email,
            role: user.role,
            status: user.status.as_str(),
            created_at: user.created_at,
        }
    }
}

impl From<QuotaSnapshot> for Quota {
    fn from(quota: QuotaSnapshot) -> Self {
        let window = |window: prosopa_model::WindowUse| Window {
            meter: window.meter,
            limit: window.limit,
            used: window.used,
            remaining: window.remaining(),
            resets_at: window.resets_at,
            name: window.name,
        };
        let rate = Rate { requests_per_second: quota.rate.requests_per_second, burst: quota.rate.burst };
        Self { plan: quota.plan, windows: quota.windows.into_iter().map(window).collect(), rate }
    }
}

/// Reads a field that may be left out but is not null unless `T` may be.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
