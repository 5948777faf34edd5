//! A process of the product, from its start to its end.

use std::{io::IsTerminal, net::SocketAddr, path::PathBuf};

use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use prosopa_auth::NewAdministrator;
use prosopa_runtime::{InternalListener, Listeners};
use prosopa_telemetry::Telemetry;

use super::{Failure, composition, data_dir, hosted::Hosted, say, settings::Settings, start_runtime};

/// Where a process is found.
struct Addresses {
    /// By users.
    public: Option<SocketAddr>,
    /// By the product's other processes.
    internal: Option<SocketAddr>,
    /// By operators.
    admin: SocketAddr,
    /// The certificate that users are shown.
    certificate: Option<PathBuf>,
    /// Whether other processes speak TLS.
    is_internal_secure: bool,
}

/// Hosts services until a signal asks for the end.
pub(super) fn run(settings: Settings, hosted: Hosted) -> Result<(), Failure> {
    start_runtime()?.block_on(serve(settings, hosted))
}

async fn serve(settings: Settings, hosted: Hosted) -> Result<(), Failure> {
    let _telemetry = Telemetry::start(&settings.telemetry, env!("CARGO_PKG_VERSION"))?;
    let _locks = data_dir::lock(&settings, &hosted)?;
    let server = &settings.server;
    let admin = server.admin_listen.unwrap_or_else(|| hosted.admin_listen());
    let options = server.listener_options(&hosted)?;
    let tls = if hosted.is_public() { server.tls.open(&server.data_dir)? } else { None };
    let listeners = if hosted.is_public() {
        Listeners::bind(server.listen, admin).await?
    } else {
        Listeners::bind_admin(admin).await?
    };
    let internal = if hosted.is_internal() {
        let address = server.internal_listen.unwrap_or_else(|| hosted.internal_listen());
        let listener = InternalListener::bind(address).await?;
        Some(match server.internal_tls.open()? {
            Some(tls) => listener.with_tls(tls),
            None => listener,
        })
    } else {
        None
    };
    let (listeners, certificate) = match tls {
        Some((tls, certificate)) => (listeners.with_tls(tls), Some(certificate)),
        None => (listeners, None),
    };
    let addresses = Addresses {
        public: hosted.is_public().then(|| listeners.public_address()).transpose()?,
        internal: internal.as_ref().map(InternalListener::address).transpose()?,
        admin: listeners.admin_address()?,
        certificate,
        is_internal_secure: server.internal_tls.certificate_file.is_some(),
    };
    let mut product = composition::build(settings, &hosted).await?;
    if let (Some(listener), Some(routes)) = (internal, product.internal.take()) {
        product.host.serve_internal(listener, routes);
    }
    end_on_signals(&product.platform.shutdown)?;
    // A server does not end because nobody reads its greeting.
    let _ = greet(&addresses, &hosted, product.new_administrator.as_ref());
    product.host.run(listeners, product.public, options).await?;
    tracing::info!("ended");
    Ok(())
}

/// Says where the process is found.
fn greet(addresses: &Addresses, hosted: &Hosted, new: Option<&NewAdministrator>) -> Result<(), Failure> {
    if let Some(administrator) = new {
        introduce(administrator)?;
    }
    if !hosted.is_all() {
        say(&format!("serves {}", hosted.names().collect::<Vec<_>>().join(", ")))?;
    }
    if let Some(public) = addresses.public {
        let scheme = if addresses.certificate.is_some() { "https" } else { "http" };
        say(&format!("prosopa {} listens on {scheme}://{public}", env!("CARGO_PKG_VERSION")))?;
        say(&format!("  documentation  {scheme}://{public}/api/docs"))?;
    }
    if let Some(certificate) = &addresses.certificate {
        say(&format!("  certificate    {}", certificate.display()))?;
    }
    if let Some(internal) = addresses.internal {
        let scheme = if addresses.is_internal_secure { "https" } else { "http" };
        say(&format!("  other services {scheme}://{internal}"))?;
    }
    say(&format!("  operators      http://{}/readyz and /metrics", addresses.admin))
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
