//! How the projection and the mails are kept: the service's SQL.

pub(crate) mod jobs;
pub(crate) mod mails;
