//! How detections and pictures are kept: the service's SQL.

pub(crate) mod awaited_images;
pub(crate) mod detections;
pub(crate) mod images;
pub(crate) mod matches;
