//! Which services make up the product, and how they are handed to each other.

use std::sync::Arc;

use axum::Router;
use prosopa_auth::{AuthService, NewAdministrator};
use prosopa_detection::DetectionService;
use prosopa_engine::{EngineService, pack::MANIFEST_FILE};
use prosopa_gateway::GatewayService;
use prosopa_model::SystemClock;
use prosopa_notifications::NotificationsService;
use prosopa_runtime::{Backend, Databases, Host, Parts, Platform, Service, Upstream};
use prosopa_vault::Keyring;

use super::{Failure, settings::Settings};

/// A product that is built and waits to be run.
pub(crate) struct Product {
    pub(crate) platform: Platform,
    pub(crate) host: Host,
    pub(crate) public: Router,
    pub(crate) new_administrator: Option<NewAdministrator>,
}

/// Makes the platform in the data folder, which exists.
pub(crate) fn build_platform(settings: &Settings) -> Result<Platform, Failure> {
    let data_dir = &settings.server.data_dir;
    let databases = Databases::configured(&settings.database, data_dir)?;
    let keyring = Keyring::open_or_create(&data_dir.join("keyring.json"))?;
    Ok(Platform::new(data_dir, keyring, Arc::new(SystemClock)).with_databases(databases))
}

/// Builds every service, those first that others need.
pub(crate) async fn build(mut settings: Settings) -> Result<Product, Failure> {
    // One number, two users: the gateway enforces the default plan, auth lets nobody ask for more.
    settings.auth.default_requests_per_day = settings.gateway.plan.requests_per_day;
    let pack = &settings.engine.model_pack_dir;
    if !pack.join(MANIFEST_FILE).exists() {
        return Err(
            format!("there is no model pack in {}: make one with `make models`", pack.display()).into()
        );
    }
    let mut platform = build_platform(&settings)?;
    let mut host = Host::new(platform.clone());

    let engine = EngineService::build(settings.engine, &platform).await?;
    let (engine, _) = host.adopt(engine);
    platform.peers.engine = Some(engine);

    let notifications = NotificationsService::build(settings.notifications, &platform).await?;
    let (mailer, notifications) = host.adopt(notifications);
    platform.peers.mailer = Some(mailer);

    let auth = AuthService::build(settings.auth, &platform).await?;
    let (offer, auth) = host.adopt(auth);
    platform.peers.verifier = Some(offer.verifier);
    platform.peers.accounts = Some(offer.accounts);
    platform.peers.client_keys = Some(offer.client_keys);

    let detection: Parts<()> = DetectionService::build(settings.detection, &platform).await?;
    let ((), detection) = host.adopt(detection);

    platform.peers.upstreams = vec![
        upstream::<AuthService>(auth),
        upstream::<DetectionService>(detection),
        upstream::<NotificationsService>(notifications),
    ];
    let gateway = GatewayService::build(settings.gateway, &platform).await?;
    let ((), public) = host.adopt(gateway);
    Ok(Product { platform, host, public, new_administrator: offer.new_administrator })
}

fn upstream<S: Service>(router: Router) -> Upstream {
    Upstream { service: S::NAME, description: S::DESCRIPTION, operations: S::operations(), backend: Backend::Mounted(router) }
}
