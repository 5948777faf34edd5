//! `prosopa up`: the whole product in one process, until it is told to end.

use std::{io::IsTerminal, net::SocketAddr, path::PathBuf};

use clap::Args;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use prosopa_auth::NewAdministrator;
use prosopa_runtime::{ListenerOptions, Listeners};
use prosopa_telemetry::Telemetry;

use super::{
    Failure, composition,
    data_dir::{self, Sharing},
    say,
    settings::{Overrides, Settings},
    start_runtime,
};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa up
  prosopa up --data-dir /var/lib/prosopa --listen 0.0.0.0:8080

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
}

pub(super) fn run(arguments: Up) -> Result<(), Failure> {
    let overrides = Overrides {
        data_dir: arguments.data_dir,
        listen: arguments.listen,
        admin_listen: arguments.admin_listen,
        model_pack: arguments.model_pack,
    };
    let settings = Settings::load(arguments.config.as_deref(), overrides)?;
    let runtime = start_runtime()?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    let _telemetry = Telemetry::start(&settings.telemetry, env!("CARGO_PKG_VERSION"))?;
    let _lock = data_dir::lock(&settings.server.data_dir, Sharing::of(&settings))?;
    let listeners = Listeners::bind(settings.server.listen, settings.server.admin_listen).await?;
    let (public, admin) = (listeners.public_address()?, listeners.admin_address()?);
    let product = composition::build(settings).await?;
    end_on_signals(&product.platform.shutdown)?;
    // A server does not end because nobody reads its greeting.
    let _ = greet(public, admin, product.new_administrator.as_ref());
    product.host.run(listeners, product.public, ListenerOptions::default()).await?;
    tracing::info!("ended");
    Ok(())
}

/// Says where the product is found.
fn greet(public: SocketAddr, admin: SocketAddr, new: Option<&NewAdministrator>) -> Result<(), Failure> {
    if let Some(administrator) = new {
        introduce(administrator)?;
    }
    say(&format!("prosopa {} listens on http://{public}", env!("CARGO_PKG_VERSION")))?;
    say(&format!("  documentation  http://{public}/api/docs"))?;
    say(&format!("  operators      http://{admin}/readyz and /metrics"))
}

/// Tells where the administrator's password lies; the password itself only a terminal, once.
fn introduce(administrator: &NewAdministrator) -> Result<(), Failure> {
    let file = administrator.password_file.display();
    say(&format!("administrator `{}` was made; the password lies in {file}", administrator.user_name))?;
    if std::io::stdout().is_terminal() {
        say(&format!("  password       {}", administrator.password.expose_secret()))?;
    }
    Ok(())
}

/// The first signal asks for an orderly end, a second one ends at once.
fn end_on_signals(shutdown: &CancellationToken) -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if shutdown.is_cancelled() {
                tracing::warn!("ends at once");
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the person asked twice; nothing may be waited for"
                )]
                std::process::exit(130);
            }
            tracing::info!("ends when the requests in hand are answered; a second signal ends it at once");
            shutdown.cancel();
        }
    });
    Ok(())
}
