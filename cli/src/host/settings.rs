//! The product's configuration: defaults, then `prosopa.toml`, then `PROSOPA_<SECTION>__<KEY>`, then flags.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use prosopa_auth as auth;
use prosopa_detection as detection;
use prosopa_engine as engine;
use prosopa_events::EventsConfig;
use prosopa_gateway as gateway;
use prosopa_notifications as notifications;
use prosopa_runtime::{DatabaseConfig, ListenerOptions, PeerAddresses, PrincipalConfig, RedisConfig};
use prosopa_telemetry as telemetry;
use prosopa_vault::BlobsConfig;

use super::{
    Failure,
    connections::Connections,
    hosted::Hosted,
    tls::{InternalTlsSettings, TlsArguments, TlsSettings},
};

/// The file that is read where `--config` names none; it may be absent.
const FILE: &str = "prosopa.toml";

/// Folder of the model pack, shared with the scripts and the tests.
const MODEL_PACK: &str = "PROSOPA_MODEL_PACK";

/// What the name of a variable ends with that says where a service is, in lower case.
const PEER_SUFFIX: &str = "_microservice_url";

/// How long `serve` lingers: longer than a gateway keeps a connection that it does not use, and than it takes to tell whoever
/// leads callers to processes.
const LINGER_MS: u64 = 5_000;
const LINGER_MS_MAX: u64 = 600_000;

/// Every section. Unknown keys are errors.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) database: DatabaseConfig,
    pub(crate) events: EventsConfig,
    pub(crate) peers: PeerAddresses,
    pub(crate) principals: PrincipalConfig,
    pub(crate) telemetry: telemetry::Config,
    pub(crate) engine: engine::Config,
    pub(crate) auth: auth::Config,
    pub(crate) detection: detection::Config,
    pub(crate) notifications: notifications::Config,
    pub(crate) gateway: gateway::Config,
    pub(crate) redis: RedisConfig,
    pub(crate) blobs: BlobsConfig,
}

/// The process itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// Folder of everything the product keeps.
    pub(crate) data_dir: PathBuf,
    /// Address for users.
    pub(crate) listen: SocketAddr,
    /// Address for the product's other processes; none is a port of the first service.
    pub(crate) internal_listen: Option<SocketAddr>,
    /// Address for operators: `/livez`, `/readyz`, `/metrics`; none is a port of the first service.
    pub(crate) admin_listen: Option<SocketAddr>,
    /// How users are spoken with.
    pub(crate) tls: TlsSettings,
    /// How the product's other processes are spoken with.
    pub(crate) internal_tls: InternalTlsSettings,
    /// How many connections users may have, and how long these may be silent.
    pub(crate) connections: Connections,
    /// Networks of the proxies that are believed when they say whom they were called by.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// How long a process that is told to end still takes requests, up to 600,000 ms; none is 5,000 for `serve`, whose callers
    /// are led to other processes meanwhile, and 0 for `up`.
    pub(crate) linger_ms: Option<u64>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            internal_listen: None,
            admin_listen: None,
            tls: TlsSettings::default(),
            internal_tls: InternalTlsSettings::default(),
            connections: Connections::default(),
            trusted_proxies: Vec::new(),
            linger_ms: None,
        }
    }
}

impl Server {
    /// The limits of the listeners.
    pub(super) fn listener_options(&self, hosted: &Hosted) -> Result<ListenerOptions, Failure> {
        let trusted_proxies = self.trusted_proxies.iter().copied().collect();
        let linger_ms = self.linger_ms.unwrap_or(if hosted.is_all() { 0 } else { LINGER_MS });
        if linger_ms > LINGER_MS_MAX {
            return Err(format!("server.linger_ms must be between 0 and {LINGER_MS_MAX}").into());
        }
        let linger = Duration::from_millis(linger_ms);
        Ok(ListenerOptions { trusted_proxies, linger, ..self.connections.options()? })
    }
}

/// Flags of the commands that host services; they outrank the file and the environment.
#[derive(Debug, Default, Args)]
pub(crate) struct Overrides {
    /// Folder of everything the product keeps, shared by its processes; made if there is none [default: data].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address for users, of the gateway [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address for the product's other processes; only `serve` has any.
    #[arg(skip)]
    pub(crate) internal_listen: Option<SocketAddr>,
    /// Address for operators: /livez, /readyz, /metrics [default: 127.0.0.1:9090 with the gateway; else 9091 for auth, 9092
    /// for detection, 9093 for the engine, 9094 for notifications].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Folder of the model pack [default: models/default, or what `PROSOPA_MODEL_PACK` names].
    #[arg(long, value_name = "DIR")]
    pub(crate) model_pack: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tls: TlsArguments,
}

impl Settings {
    /// The defaults, with the model pack where the scripts put it.
    fn with_model_pack() -> Self {
        let mut settings = Self::default();
        settings.engine.model_pack_dir = default_model_pack();
        settings
    }

    /// Reads the configuration. A file that is named must exist.
    pub(crate) fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, Failure> {
        let path = match file {
            Some(path) if !path.exists() => return Err(format!("there is no file {}", path.display()).into()),
            Some(path) => Some(path),
            None => Some(Path::new(FILE)).filter(|path| path.exists()),
        };
        let mut figment = Figment::from(Serialized::defaults(Self::with_model_pack()));
        if let Some(path) = path {
            figment = figment.merge(Toml::file_exact(path));
        }
        // Without a double underscore it is no key of a section: PROSOPA_TOKEN, PROSOPA_SERVER, ...
        let environment = Env::prefixed("PROSOPA_").filter(|key| key.as_str().contains("__")).split("__");
        let mut settings: Self = figment.merge(peers_of_environment()).merge(environment).extract()?;
        settings.peers.validate()?;
        let Overrides { data_dir, listen, internal_listen, admin_listen, model_pack, tls } = overrides;
        let server = &mut settings.server;
        server.data_dir = data_dir.unwrap_or_else(|| std::mem::take(&mut server.data_dir));
        server.listen = listen.unwrap_or(server.listen);
        server.internal_listen = internal_listen.or(server.internal_listen);
        server.admin_listen = admin_listen.or(server.admin_listen);
        server.tls.outrank(tls);
        settings.engine.model_pack_dir = model_pack.unwrap_or(settings.engine.model_pack_dir);
        Ok(settings)
    }
}

/// Where the scripts put the model pack, or what the environment names.
pub(super) fn default_model_pack() -> PathBuf {
    let named = std::env::var_os(MODEL_PACK).filter(|path| !path.is_empty());
    named.map_or_else(|| PathBuf::from("models/default"), PathBuf::from)
}

/// `AUTH_MICROSERVICE_URL` and the like: names that deployments give.
fn peers_of_environment() -> Env {
    Env::raw().filter_map(|key| {
        let name = key.as_str().to_ascii_lowercase();
        let service = name.strip_suffix(PEER_SUFFIX)?;
        PeerAddresses::SERVICES.contains(&service).then(|| format!("peers.{service}").into())
    })
}
