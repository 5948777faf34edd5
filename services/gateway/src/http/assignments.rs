//! `/api/v1/admin/quota-assignments`.

use axum::{Json, extract};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use prosopa_http::{Endpoints, Json as JsonBody, Operation, Page, PageQuery, Query};
use prosopa_model::{Cursor, Timestamp};
use prosopa_problem::{Code, Problem};

use super::State;
use crate::{
    plans::{EditError, Subject},
    store::assignments::{self, AssignmentRow},
};

const SUBJECT: &str = "Who has the plan: `acc_…`, `usr_…`, `key_…` or `cli_…`";

pub(super) fn endpoints() -> Endpoints<State> {
    let assignment = "/api/v1/admin/quota-assignments/{id}";
    Endpoints::new()
        .add(
            Operation::get("list_quota_assignments", "/api/v1/admin/quota-assignments")
                .summary("List who has a plan of its own, changed last first")
                .administrator()
                .query::<AssignmentsQuery>()
                .page_answer::<QuotaAssignment>("A page of assignments"),
            list,
        )
        .add(
            Operation::get("show_quota_assignment", assignment)
                .summary("Show which plan somebody has")
                .administrator()
                .path_id(SUBJECT)
                .json_answer::<QuotaAssignment>(StatusCode::OK, "The assignment"),
            show,
        )
        .add(
            Operation::put("put_quota_assignment", assignment)
                .summary(
                    "Give an account, a user, a key or a client a plan; it holds everywhere within a second",
                )
                .administrator()
                .path_id(SUBJECT)
                .json_request::<NewAssignment>()
                .json_answer::<QuotaAssignment>(StatusCode::OK, "The assignment"),
            put,
        )
        .add(
            Operation::delete("delete_quota_assignment", assignment)
                .summary("Take a plan back: the next one that applies holds")
                .administrator()
                .path_id(SUBJECT),
            delete,
        )
}

/// Query parameters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AssignmentsQuery {
    /// Only those of this plan.
    plan: Option<String>,
    /// Rows a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The plan that somebody is to have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAssignment {
    /// Name of the plan.
    #[schema(example = "team")]
    plan: String,
    /// Some beginning of a billing month, for plans that count by it; now if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    billing_anchor: Option<Timestamp>,
}

/// The plan that somebody has.
#[derive(Debug, Serialize, ToSchema)]
struct QuotaAssignment {
    /// The account, user or key.
    #[schema(example = "acc_01h455vb4pex5vsknk084sn02q")]
    subject: String,
    /// Name of the plan.
    #[schema(example = "team")]
    plan: String,
    /// Some beginning of a billing month.
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00.000000Z")]
    billing_anchor: Timestamp,
    /// When the assignment was changed last.
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00.000000Z")]
    updated_at: Timestamp,
}

impl From<AssignmentRow> for QuotaAssignment {
    fn from(row: AssignmentRow) -> Self {
        let AssignmentRow { subject, plan, billing_anchor, updated_at, .. } = row;
        Self { subject, plan: plan.unwrap_or_default(), billing_anchor, updated_at }
    }
}

fn subject(id: &str) -> Result<Subject, Problem> {
    Subject::parse(id).ok_or_else(|| Problem::new(Code::NotFound))
}

async fn list(
    extract::State(state): extract::State<State>,
    Query(query): Query<AssignmentsQuery>,
) -> Result<Json<Page<QuotaAssignment>>, Problem> {
    let page = PageQuery { limit: query.limit, cursor: query.cursor }.check()?;
    let plan = query.plan.unwrap_or_default();
    let rows = assignments::list(&state.database, &plan, page).await.map_err(EditError::from)?;
    let position = |row: &AssignmentRow| Cursor { created_at: row.updated_at, id: row.subject_id };
    Ok(Json(Page::cut(rows, page.limit, position).map(QuotaAssignment::from)))
}

async fn show(
    extract::State(state): extract::State<State>,
    extract::Path(id): extract::Path<String>,
) -> Result<Json<QuotaAssignment>, Problem> {
    let row = assignments::find(&state.database, subject(&id)?.id()).await.map_err(EditError::from)?;
    Ok(Json(row.ok_or(EditError::NoAssignment)?.into()))
}

async fn put(
    extract::State(state): extract::State<State>,
    extract::Path(id): extract::Path<String>,
    JsonBody(new): JsonBody<NewAssignment>,
) -> Result<Json<QuotaAssignment>, Problem> {
    let assigned = state.editor().assign(&subject(&id)?, &new.plan, new.billing_anchor).await;
    match assigned {
        Ok(row) => Ok(Json(row.into())),
        // The path names somebody; it is the body that names no plan.
        Err(EditError::NoPlan) => Err(Problem::invalid("/plan", "there is no such plan")),
        Err(error) => Err(error.into()),
    }
}

async fn delete(
    extract::State(state): extract::State<State>,
    extract::Path(id): extract::Path<String>,
) -> Result<StatusCode, Problem> {
    state.editor().take_back(&subject(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
