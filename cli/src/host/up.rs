//! `prosopa up`: the whole product in one process, until it is told to end.

use std::path::PathBuf;

use clap::Args;

use super::{
    Failure,
    hosted::Hosted,
    process,
    settings::{Overrides, Settings},
};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa up
  prosopa up --data-dir /var/lib/prosopa --listen 0.0.0.0:8080
  prosopa up --listen 0.0.0.0:8443 --tls-certificate fullchain.pem --tls-key key.pem

The same settings can be given in prosopa.toml (sections server, database, events, telemetry, engine, auth, detection, notifications, gateway)
and as PROSOPA_<SECTION>__<KEY>, for example PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY=500.";

/// Arguments of `up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    overrides: Overrides,
    /// Configuration file [default: prosopa.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: Up) -> Result<(), Failure> {
    process::run(Settings::load(arguments.config.as_deref(), arguments.overrides)?, Hosted::all())
}
