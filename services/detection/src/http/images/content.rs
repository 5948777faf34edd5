//! `/images/{id}/content`: the bytes of a picture.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, stream};
use http::{HeaderValue, header};

use prosopa_http::{Caller, Endpoints, Operation, PathId};
use prosopa_model::Scope;
use prosopa_problem::Problem;

use crate::{budget::Claim, images, state::State};

/// Bytes handed to the connection at once.
const SLICE_BYTES: usize = 64 * 1024;

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
        (header::CONTENT_LENGTH, HeaderValue::from(content.bytes.len())),
        (header::CONTENT_TYPE, HeaderValue::from_static(content.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        // A picture that a browser took for a page would run in the product's origin.
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
    ];
    Ok((headers, Body::from_stream(slices(content.bytes, content.claim))).into_response())
}

/// The bytes piece by piece, so that the room they take is given back when the last one has been sent, not before.
fn slices(bytes: Bytes, claim: Claim) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((bytes, claim), async |(mut bytes, claim)| {
        let slice = bytes.split_to(SLICE_BYTES.min(bytes.len()));
        (!slice.is_empty()).then_some((Ok(slice), (bytes, claim)))
    })
}
