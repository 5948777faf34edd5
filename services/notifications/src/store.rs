//! How the projection is kept: the service's SQL.

pub(crate) mod jobs;
