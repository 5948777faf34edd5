//! `/images`: send pictures, ask for them again, delete them; for their owner only.

mod content;
mod create;

use axum::extract;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use prosopa_http::{Caller, Endpoints, ListQuery, Operation, Page, PathId, Query};
use prosopa_model::Scope;
use prosopa_problem::Problem;

use crate::{
    image_kind::ImageKind,
    images::{self, StoredImage},
    state::State,
    store::images::ImageFilter,
    subjects,
};

pub(super) fn endpoints() -> Endpoints<State> {
    let list = Operation::get("list_images", "/api/v1/images")
        .summary("One's own pictures, newest first")
        .scope(Scope::ImagesRead)
        .query::<ImageListQuery>()
        .page_answer::<StoredImage>("A page of pictures, without what was said of them");
    let get = Operation::get("get_image", "/api/v1/images/{id}")
        .summary("One picture with what was said of it")
        .scope(Scope::ImagesRead)
        .path_id("The picture's id, `img_…`")
        .json_answer::<StoredImage>(StatusCode::OK, "The picture");
    let delete = Operation::delete("delete_image", "/api/v1/images/{id}")
        .summary("Delete a picture and all that was found in it")
        .scope(Scope::FacesWrite)
        .path_id("The picture's id, `img_…`");
    create::endpoints()
        .add(list, list_images)
        .add(get, get_image)
        .add(delete, delete_image)
        .merge(content::endpoints())
}

/// Query parameters of the list of pictures.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ImageListQuery {
    /// Only pictures of this type: `face`, `id_front`, `id_back`, `passport` or `other`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// Only pictures of this person: your own name, or the id `sub_…`.
    subject_id: Option<String>,
    /// Only pictures kept at this RFC 3339 time or later; a date means its beginning.
    start_date: Option<String>,
    /// Only pictures kept before this RFC 3339 time; a date includes its whole day.
    end_date: Option<String>,
    /// IANA time zone in which dates begin, such as `Europe/Berlin`; UTC if absent.
    tz: Option<String>,
    /// Rows a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn list_images(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    Query(query): Query<ImageListQuery>,
) -> Result<axum::Json<Page<StoredImage>>, Problem> {
    let ImageListQuery { kind, subject_id, start_date, end_date, tz, limit, cursor } = query;
    let kind = kind.map(|name| parse_kind("?type", &name)).transpose()?;
    let request = ListQuery { start_date, end_date, tz, limit, cursor }.check()?;
    let subject_id = match subject_id {
        None => None,
        Some(name) => match subjects::find(&state, principal.account_id, &name).await? {
            // Nobody has been called so: there is nothing of that person.
            None => return Ok(axum::Json(Page { items: Vec::new(), next_cursor: None })),
            known => known,
        },
    };
    let filter = ImageFilter { kind, subject_id, request };
    Ok(axum::Json(images::list(&state, principal.account_id, filter).await?))
}

async fn get_image(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<prosopa_model::id::Image>,
) -> Result<axum::Json<StoredImage>, Problem> {
    Ok(axum::Json(images::get(&state, principal.account_id, id).await?))
}

async fn delete_image(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<prosopa_model::id::Image>,
) -> Result<StatusCode, Problem> {
    images::delete(&state, principal.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse_kind(pointer: &'static str, name: &str) -> Result<ImageKind, Problem> {
    name.parse().map_err(|_| Problem::invalid(pointer, format!("must be one of {}", ImageKind::names())))
}
