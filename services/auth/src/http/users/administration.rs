//! `GET /api/v1/users`, `GET`, `PATCH /api/v1/users/{id}`.

use axum::{extract, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use prosopa_http::{Administrator, Json, NumberedPageQuery, PathId, Query};
use prosopa_model::{PlanName, Role, id};
use prosopa_problem::Problem;

use super::{User, present};
use crate::{
    state::State,
    store::{
        self,
        users::{Listing, Sort, Status},
    },
    users,
};

/// A user as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManagedUser {
    #[serde(flatten)]
    user: User,
    /// Metered requests a day that the account may make; null: those of its plan.
    #[schema(example = 1_000)]
    requests_per_day_max: Option<u64>,
    /// The quota plan that an administrator gave the user; null: the default one.
    #[schema(value_type = Option<String>, example = "team")]
    plan: Option<PlanName>,
    /// `person`, or `program` for an API client that signed itself up and cannot log in.
    #[schema(example = "person")]
    kind: &'static str,
}

/// What is to be otherwise; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserDecision {
    /// `deactivated` ends the user's sessions for good and refuses the keys at once; `active` lets the keys work again.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "deactivated")]
    status: Option<String>,
    /// `user` or `administrator`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "administrator")]
    role: Option<String>,
    /// Metered requests a day, 1 to 1,000,000,000; null: those of the plan.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000_u64, example = 1_000)]
    requests_per_day_max: Option<Option<u64>>,
    /// Name of a quota plan: 1 to 63 lower-case letters, digits and `-`; null: the default one. While there is no plan of
    /// that name, the default one holds.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", example = "team")]
    plan: Option<Option<String>>,
}

/// Which users, in which order, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserListQuery {
    /// What the list is sorted by: `user_name`, `email` (both without regard to case), `created_at`, `status` or `role`;
    /// `user_name` if absent. Users that are alike in it are sorted by their ids.
    #[param(value_type = Option<String>, default = "user_name")]
    sort: Option<SortKey>,
    /// `asc` or `desc`; `asc` if absent.
    #[param(value_type = Option<String>, default = "asc")]
    order: Option<Order>,
    /// Only users whose name or e-mail address contains this text, in any case; 1 to 100 characters.
    #[param(min_length = 1, max_length = 100)]
    q: Option<String>,
    /// Which page, from 1 on; the first if absent. `page` times `per_page` is at most 1,000,000.
    #[param(minimum = 1, default = 1)]
    page: Option<u32>,
    /// Rows a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    per_page: Option<u32>,
}

impl UserDecision {
    fn check(self) -> Result<users::Decision, Problem> {
        let status = self.status.map(|name| name.parse::<Status>()).transpose();
        let status = status.map_err(|_| Problem::invalid("/status", "must be active or deactivated"))?;
        let role = self.role.map(|name| name.parse::<Role>()).transpose();
        let role = role.map_err(|_| Problem::invalid("/role", "must be user or administrator"))?;
        let plan = self.plan.map(|name| name.map(|name| name.parse::<PlanName>()).transpose()).transpose();
        let plan = plan.map_err(|error| Problem::invalid("/plan", error.to_string()))?;
        Ok(users::Decision { status, role, requests_per_day_max: self.requests_per_day_max, plan })
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SortKey {
    UserName,
    Email,
    CreatedAt,
    Status,
    Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Asc,
    Desc,
}

impl From<SortKey> for Sort {
    fn from(key: SortKey) -> Self {
        match key {
            SortKey::UserName => Self::UserName,
            SortKey::Email => Self::Email,
            SortKey::CreatedAt => Self::CreatedAt,
            SortKey::Status => Self::Status,
            SortKey::Role => Self::Role,
        }
    }
}

impl From<store::users::User> for ManagedUser {
    fn from(user: store::users::User) -> Self {
        Self {
            requests_per_day_max: user.requests_per_day_max,
            plan: user.plan.clone(),
            kind: user.kind.as_str(),
            user: user.into(),
        }
    }
}

pub(in crate::http) async fn list(
    extract::State(state): extract::State<State>,
    Administrator(_): Administrator,
    Query(query): Query<UserListQuery>,
) -> Result<impl IntoResponse, Problem> {
    let page = NumberedPageQuery { page: query.page, per_page: query.per_page }.check()?;
    let listing = Listing {
        search: query.q,
        sort: query.sort.unwrap_or(SortKey::UserName).into(),
        is_descending: query.order == Some(Order::Desc),
    };
    let page = users::list(&state, &listing, page).await?;
    Ok(axum::Json(page.map(ManagedUser::from)))
}

pub(in crate::http) async fn show(
    extract::State(state): extract::State<State>,
    Administrator(_): Administrator,
    PathId(id): PathId<id::User>,
) -> Result<impl IntoResponse, Problem> {
    Ok(axum::Json(ManagedUser::from(users::find(&state, id).await?)))
}

pub(in crate::http) async fn change(
    extract::State(state): extract::State<State>,
    Administrator(administrator): Administrator,
    PathId(id): PathId<id::User>,
    Json(decision): Json<UserDecision>,
) -> Result<impl IntoResponse, Problem> {
    let user = users::change(&state, &administrator, id, decision.check()?).await?;
    Ok(axum::Json(ManagedUser::from(user)))
}
