//! `prosopa serve`: one or more services in a process of their own, until it is told to end.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{
    Failure,
    hosted::{Hosted, ServiceName},
    process,
    settings::{Overrides, Settings},
};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa serve engine
  prosopa serve auth notifications
  prosopa serve gateway --listen 0.0.0.0:8080

Every service listens for the others on a port of its own (auth 8091, detection 8092, engine 8093, notifications 8094),
and looks for them there unless AUTH_MICROSERVICE_URL, DETECTION_MICROSERVICE_URL, ENGINE_MICROSERVICE_URL or
NOTIFICATIONS_MICROSERVICE_URL, or the section `peers` of prosopa.toml, says otherwise. The network between them must be
closed to others, or they speak TLS (`server.internal_tls` and `peers.tls`). They share a data folder (for the keyring), and databases that lie in it, or a database server.";

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// What to host.
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<ServiceName>,
    /// Address for the product's other processes [default: 127.0.0.1, port 8091 for auth, 8092 for detection, 8093 for the
    /// engine, 8094 for notifications].
    #[arg(long, value_name = "ADDRESS")]
    internal_listen: Option<SocketAddr>,
    #[command(flatten)]
    overrides: Overrides,
    /// Configuration file [default: prosopa.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: Serve) -> Result<(), Failure> {
    let Serve { services, internal_listen, overrides, config } = arguments;
    let hosted = Hosted::some(services);
    if overrides.listen.is_some() && !hosted.is_public() {
        return Err("--listen is for users, who talk to the gateway: use --internal-listen".into());
    }
    if overrides.tls.is_some() && !hosted.is_public() {
        return Err("TLS is spoken with users, who talk to the gateway".into());
    }
    let overrides = Overrides { internal_listen, ..overrides };
    process::run(Settings::load(config.as_deref(), overrides)?, hosted)
}
