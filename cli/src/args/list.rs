//! What every list takes.

use std::num::NonZeroUsize;

use clap::Args;

/// Which part of a list is wanted: of what time, and how much of it.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those from this time on: a date (UTC) or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    pub(crate) start_date: Option<String>,
    /// Only those up to this time: a date (UTC) or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    pub(crate) end_date: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) limit: NonZeroUsize,
    /// All, however many
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}
