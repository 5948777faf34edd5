//! Which product a command is for.

use std::path::PathBuf;

use clap::Args;

/// Where the product keeps everything.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Folder of everything the product keeps [default: data].
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Configuration file [default: prosopa.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}
