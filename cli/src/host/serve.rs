//! `prosopa serve`: one or more services in a process of their own, until it is told to end.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{
    Failure,
    hosted::{Hosted, ServiceName},
    process,
    settings::{Overrides, Settings},
    tls::TlsArguments,
};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa serve engine
  prosopa serve auth notifications
  prosopa serve gateway --listen 0.0.0.0:8080

Every service listens for the others on a port of its own (auth 8091, detection 8092, engine 8093, notifications 8094),
and looks for them there unless AUTH_MICROSERVICE_URL, DETECTION_MICROSERVICE_URL, ENGINE_MICROSERVICE_URL or
NOTIFICATIONS_MICROSERVICE_URL, or the section `peers` of prosopa.toml, says otherwise. The network between them must be
closed to others. They share a data folder (for the keyring), and databases that lie in it, or a database server.";

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// What to host.
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<ServiceName>,
    /// Folder of everything the product keeps, shared by its processes; made if there is none [default: data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address for users, of the gateway [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Address for the product's other processes [default: a port of the first service on 127.0.0.1].
    #[arg(long, value_name = "ADDRESS")]
    internal_listen: Option<SocketAddr>,
    /// Address for operators: /livez, /readyz, /metrics [default: 127.0.0.1, with the last digit of the other port].
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

pub(super) fn run(arguments: Serve) -> Result<(), Failure> {
    let hosted = Hosted::some(arguments.services);
    if arguments.listen.is_some() && !hosted.is_public() {
        return Err("--listen is for users, who talk to the gateway: use --internal-listen".into());
    }
    if arguments.tls.is_some() && !hosted.is_public() {
        return Err("TLS is spoken with users, who talk to the gateway".into());
    }
    let overrides = Overrides {
        data_dir: arguments.data_dir,
        listen: arguments.listen,
        internal_listen: arguments.internal_listen,
        admin_listen: arguments.admin_listen,
        model_pack: arguments.model_pack,
        tls: arguments.tls,
    };
    process::run(Settings::load(arguments.config.as_deref(), overrides)?, hosted)
}
