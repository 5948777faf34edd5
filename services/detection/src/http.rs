//! The public routes: how detections and pictures are spoken.

mod batch;
mod detections;
mod documents;
mod form;
mod images;
mod jobs;
mod match_body;
mod matches;
mod once;
mod sources;
mod subjects;
mod upload;
mod verifications;
mod work;

use prosopa_http::Endpoints;

pub(crate) use self::jobs::JOBS_PATH;

use crate::state::State;

/// Every route of the service.
pub(crate) fn endpoints() -> Endpoints<State> {
    detections::endpoints()
        .merge(batch::endpoints())
        .merge(documents::endpoints())
        .merge(images::endpoints())
        .merge(jobs::endpoints())
        .merge(matches::endpoints())
        .merge(subjects::endpoints())
        .merge(verifications::endpoints())
}
