//! `/images`: the pictures, for their owner only.

use axum::{
    extract,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};

use prosopa_http::{Caller, Endpoints, Operation, PathId};
use prosopa_model::Scope;
use prosopa_problem::Problem;

use crate::{images, state::State};

pub(super) fn endpoints() -> Endpoints<State> {
    Endpoints::new().add(
        Operation::get("get_image_content", "/api/v1/images/{id}/content")
            .summary("The picture as it was sent")
            .scope(Scope::ImagesRead)
            .path_id("The picture's id, `img_…`")
            .bytes_answer(&["image/jpeg", "image/png", "image/webp"], "The picture"),
        get_image_content,
    )
}

async fn get_image_content(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<prosopa_model::id::Image>,
) -> Result<Response, Problem> {
    let content = images::get_content(&state, principal.account_id, id).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        // A picture that a browser took for a page would run in the product's origin.
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
    ];
    Ok((headers, content.bytes).into_response())
}
