//! `prosopa up`: the whole product in one process, until it is told to end.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{
    Failure,
    hosted::Hosted,
    process,
    settings::{Overrides, Settings},
    tls::TlsArguments,
};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa up
  prosopa up --data-dir /var/lib/prosopa --listen 0.0.0.0:8080
  prosopa up --listen 0.0.0.0:8443 --tls-certificate fullchain.pem --tls-key key.pem

The same settings can be given in prosopa.toml (sections server, database, telemetry, engine, auth, detection, notifications, gateway)
and as PROSOPA_<SECTION>__<KEY>, for example PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY=500.";

/// Arguments of `up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Folder of everything the product keeps; made if there is none [default: data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address for users [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Address for operators: /livez, /readyz, /metrics [default: 127.0.0.1:9090].
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<SocketAddr>,
    /// Folder of the model pack [default: models/default, or what `PROSOPA_MODEL_PACK` names].
    #[arg(long, value_name = "DIR")]
    model_pack: Option<PathBuf>,
    /// Configuration file [default: prosopa.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsArguments,
}

pub(super) fn run(arguments: Up) -> Result<(), Failure> {
    let overrides = Overrides {
        data_dir: arguments.data_dir,
        listen: arguments.listen,
        internal_listen: None,
        admin_listen: arguments.admin_listen,
        model_pack: arguments.model_pack,
        tls: arguments.tls,
    };
    process::run(Settings::load(arguments.config.as_deref(), overrides)?, Hosted::all())
}
