//! `/api/v1/admin/quota-plans`.

use axum::{Json, extract};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use prosopa_http::{Endpoints, Json as JsonBody, Operation};
use prosopa_model::Timestamp;
use prosopa_problem::{Code, Problem};

use super::State;
use crate::plans::{Entry, Plan, PlanDefinition};

const NAME: &str = "The plan's name: up to 63 lower-case letters, digits and `-`";

pub(super) fn endpoints() -> Endpoints<State> {
    let plan = "/api/v1/admin/quota-plans/{name}";
    Endpoints::new()
        .add(
            Operation::get("list_quota_plans", "/api/v1/admin/quota-plans")
                .summary("List all plans, the default one first")
                .administrator()
                .json_answer::<QuotaPlans>(StatusCode::OK, "The plans"),
            list,
        )
        .add(
            Operation::get("show_quota_plan", plan)
                .summary("Show a plan")
                .administrator()
                .path_text("name", NAME)
                .json_answer::<QuotaPlan>(StatusCode::OK, "The plan"),
            show,
        )
        .add(
            Operation::put("put_quota_plan", plan)
                .summary("Make or replace a plan; it holds everywhere within a second")
                .administrator()
                .path_text("name", NAME)
                .json_request::<PlanDefinition>()
                .json_answer::<QuotaPlan>(StatusCode::OK, "The plan")
                .problems(&[Code::PlanReadOnly]),
            put,
        )
        .add(
            Operation::delete("delete_quota_plan", plan)
                .summary("Delete a plan that nobody has")
                .administrator()
                .path_text("name", NAME)
                .problems(&[Code::PlanReadOnly, Code::PlanInUse]),
            delete,
        )
}

/// Every plan.
#[derive(Debug, Serialize, ToSchema)]
struct QuotaPlans {
    /// The default plan, then the others by name.
    items: Vec<QuotaPlan>,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
struct QuotaPlan {
    /// Its name.
    #[schema(example = "team")]
    name: String,
    /// `api`, or `configuration` for the default plan, which cannot be changed here.
    #[schema(example = "api")]
    managed_by: &'static str,
    /// When it was changed last; absent where the configuration makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
    #[serde(flatten)]
    definition: PlanDefinition,
}

impl QuotaPlan {
    fn of_configuration(plan: &Plan) -> Self {
        let (name, definition) = (plan.name.to_string(), PlanDefinition::from(plan));
        Self { name, managed_by: "configuration", updated_at: None, definition }
    }

    fn of_entry(name: &str, entry: &Entry) -> Self {
        let (updated_at, definition) = (Some(entry.updated_at), entry.definition.clone());
        Self { name: name.to_owned(), managed_by: "api", updated_at, definition }
    }
}

fn find(state: &State, name: &str) -> Option<QuotaPlan> {
    state.book.with(|book| {
        if *book.default_plan().name == *name {
            return Some(QuotaPlan::of_configuration(book.default_plan()));
        }
        book.find(name).map(|entry| QuotaPlan::of_entry(name, entry))
    })
}

async fn list(extract::State(state): extract::State<State>) -> Json<QuotaPlans> {
    let items = state.book.with(|book| {
        let others = book.list();
        let others = others.into_iter().map(|(name, entry)| QuotaPlan::of_entry(name, entry));
        std::iter::once(QuotaPlan::of_configuration(book.default_plan())).chain(others).collect()
    });
    Json(QuotaPlans { items })
}

async fn show(
    extract::State(state): extract::State<State>,
    extract::Path(name): extract::Path<String>,
) -> Result<Json<QuotaPlan>, Problem> {
    find(&state, &name).map(Json).ok_or_else(|| Problem::new(Code::NotFound))
}

async fn put(
    extract::State(state): extract::State<State>,
    extract::Path(name): extract::Path<String>,
    JsonBody(definition): JsonBody<PlanDefinition>,
) -> Result<(StatusCode, Json<QuotaPlan>), Problem> {
    let updated_at = Some(state.editor().put_plan(&name, &definition).await?);
    Ok((StatusCode::OK, Json(QuotaPlan { name, managed_by: "api", updated_at, definition })))
}

async fn delete(
    extract::State(state): extract::State<State>,
    extract::Path(name): extract::Path<String>,
) -> Result<StatusCode, Problem> {
    state.editor().delete_plan(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
