//! Which services make up the product, and how they are handed to each other: directly within a process, over gRPC and
//! HTTP between processes. The services cannot tell.

use std::{collections::BTreeMap, sync::Arc};

use axum::Router;
use tonic::{service::Routes, transport::Channel};

use prosopa_auth::{AuthService, NewAdministrator};
use prosopa_contract::{
    accounts::{AccountsClient, serve_accounts},
    client_keys::{ClientKeysClient, serve_client_keys},
    credential_changes::{CredentialChangesClient, serve_credential_changes},
    engine::{EngineClient, serve_engine},
    mailer::{MailerClient, serve_mailer},
    verifier::{VerifierClient, serve_verifier},
};
use prosopa_detection::DetectionService;
use prosopa_engine::{EngineService, pack::MANIFEST_FILE};
use prosopa_events::{Kafka, Outbox, TopicError, Transport};
use prosopa_gateway::GatewayService;
use prosopa_model::SystemClock;
use prosopa_notifications::NotificationsService;
use prosopa_runtime::{
    Backend, CachingVerifier, Databases, Host, InternalRoutes, PeerConnector, Platform, PublicRoutes,
    Service, Upstream,
};
use prosopa_store::Migration;
use prosopa_vault::Keyring;

use super::{
    Failure,
    hosted::{Hosted, ServiceName},
    settings::Settings,
};

/// The services that others hear, wherever these run.
const HEARD: [&str; 2] = [AuthService::NAME, DetectionService::NAME];

/// A process that is built and waits to be run.
pub(crate) struct Product {
    pub(crate) platform: Platform,
    pub(crate) host: Host,
    /// What users may ask for.
    pub(crate) public: PublicRoutes,
    /// What the product's other processes may ask for; none where there are no others.
    pub(crate) internal: Option<InternalRoutes>,
    pub(crate) new_administrator: Option<NewAdministrator>,
}

/// Makes the platform in the data folder, which exists.
pub(crate) fn build_platform(settings: &Settings) -> Result<Platform, Failure> {
    let data_dir = &settings.server.data_dir;
    let databases = Databases::configured(&settings.database, data_dir)?;
    let keyring = Keyring::open_or_create(&data_dir.join("keyring.json"))?;
    let platform = Platform::new(data_dir, keyring, Arc::new(SystemClock)).with_databases(databases);
    Ok(match settings.blobs.open()? {
        Some(bucket) => platform.with_bucket(bucket),
        None => platform,
    })
}

/// The databases of every service, each with its schema.
pub(crate) fn schemas() -> impl Iterator<Item = (&'static str, &'static [Migration])> {
    let services = [
        AuthService::schemas(),
        DetectionService::schemas(),
        EngineService::schemas(),
        GatewayService::schemas(),
        NotificationsService::schemas(),
    ];
    services.into_iter().flatten().copied()
}

/// Builds what is hosted, those first that others need, and finds the others.
pub(crate) async fn build(mut settings: Settings, hosted: &Hosted) -> Result<Product, Failure> {
    // One number, two users: the gateway enforces the default plan, auth lets nobody ask for more.
    settings.auth.default_requests_per_day = settings.gateway.plan.requests_per_day;
    let mut platform = build_platform(&settings)?.with_redis(&settings.redis).await?;
    platform.peers.connector = PeerConnector::open(&settings.peers.tls)?;
    let internal = if hosted.is_internal() {
        let believed = platform.principal_verifier(&settings.principals)?;
        Some(InternalRoutes::new(believed, Arc::clone(&platform.clock)))
    } else {
        None
    };
    let product = Product {
        host: Host::new(platform.clone()),
        public: Router::new().into(),
        internal,
        new_administrator: None,
        platform,
    };
    let mut assembly = Assembly { settings, hosted, hosted_routers: BTreeMap::new(), product };
    assembly.add_engine().await?;
    assembly.add_notifications().await?;
    assembly.add_auth().await?;
    assembly.add_detection().await?;
    assembly.add_gateway().await?;
    match assembly.settings.events.transport {
        Transport::Outbox => assembly.hear_others().await?,
        Transport::Kafka => assembly.join_brokers().await?,
    }
    Ok(assembly.product)
}

/// A process on its way.
struct Assembly<'a> {
    settings: Settings,
    hosted: &'a Hosted,
    /// The public routes of each service here.
    hosted_routers: BTreeMap<&'static str, Router>,
    product: Product,
}

impl Assembly<'_> {
    async fn add_engine(&mut self) -> Result<(), Failure> {
        let engine = if self.hosted.has(ServiceName::Engine) {
            let pack = &self.settings.engine.model_pack_dir;
            if !pack.join(MANIFEST_FILE).exists() {
                let place = pack.display();
                return Err(format!("there is no model pack in {place}: make one with `make models`").into());
            }
            let parts = EngineService::build(self.settings.engine.clone(), &self.product.platform).await?;
            let (engine, http) = self.product.host.adopt(parts);
            self.offer::<EngineService>(http, Routes::new(serve_engine(Arc::clone(&engine))));
            engine
        } else {
            Arc::new(EngineClient::new(self.channel(EngineService::NAME)?))
        };
        self.product.platform.peers.engine = Some(engine);
        Ok(())
    }

    async fn add_notifications(&mut self) -> Result<(), Failure> {
        let mailer = if self.hosted.has(ServiceName::Notifications) {
            let config = self.settings.notifications.clone();
            let parts = NotificationsService::build(config, &self.product.platform).await?;
            let (mailer, http) = self.product.host.adopt(parts);
            self.offer::<NotificationsService>(http, Routes::new(serve_mailer(Arc::clone(&mailer))));
            mailer
        } else {
            Arc::new(MailerClient::new(self.channel(NotificationsService::NAME)?))
        };
        self.product.platform.peers.mailer = Some(mailer);
        Ok(())
    }

    async fn add_auth(&mut self) -> Result<(), Failure> {
        if !self.hosted.has(ServiceName::Auth) {
            return self.find_auth();
        }
        let parts = AuthService::build(self.settings.auth.clone(), &self.product.platform).await?;
        let (offer, http) = self.product.host.adopt(parts);
        let rpc = Routes::new(serve_verifier(Arc::clone(&offer.verifier)))
            .add_service(serve_accounts(Arc::clone(&offer.accounts)))
            .add_service(serve_client_keys(Arc::clone(&offer.client_keys)))
            .add_service(serve_credential_changes(
                offer.credential_changes,
                self.product.platform.shutdown.clone(),
            ));
        self.offer::<AuthService>(http, rpc);
        let peers = &mut self.product.platform.peers;
        peers.verifier = Some(offer.verifier);
        peers.accounts = Some(offer.accounts);
        peers.client_keys = Some(offer.client_keys);
        self.product.new_administrator = offer.new_administrator;
        Ok(())
    }

    /// Of a credential only a gateway asks; what auth says of it is kept for as long as it is heard of what changes.
    fn find_auth(&mut self) -> Result<(), Failure> {
        let channel = self.channel(AuthService::NAME)?;
        // A stream of its own: it shall be heard however many questions wait.
        let watched = self.channel(AuthService::NAME)?;
        let Product { host, platform, .. } = &mut self.product;
        platform.peers.accounts = Some(Arc::new(AccountsClient::new(channel.clone())));
        if !self.hosted.has(ServiceName::Gateway) {
            return Ok(());
        }
        let verifier = CachingVerifier::new(
            Arc::new(VerifierClient::new(channel.clone())),
            Arc::new(CredentialChangesClient::new(watched)),
            Arc::clone(&platform.clock),
            &platform.metrics,
        )?;
        host.supervise(verifier.follower());
        let keys = Arc::new(ClientKeysClient::new(channel));
        platform.peers.client_keys = Some(Arc::new(verifier.with_client_keys(keys)));
        platform.peers.verifier = Some(Arc::new(verifier));
        Ok(())
    }

    async fn add_detection(&mut self) -> Result<(), Failure> {
        if self.hosted.has(ServiceName::Detection) {
            let config = self.settings.detection.clone();
            let parts = DetectionService::build(config, &self.product.platform).await?;
            let ((), http) = self.product.host.adopt(parts);
            self.offer::<DetectionService>(http, Routes::default());
        }
        Ok(())
    }

    async fn add_gateway(&mut self) -> Result<(), Failure> {
        if self.hosted.has(ServiceName::Gateway) {
            self.product.platform.peers.upstreams = vec![
                self.upstream::<AuthService>()?,
                self.upstream::<DetectionService>()?,
                self.upstream::<NotificationsService>()?,
            ];
            let config = self.settings.gateway.clone();
            let parts = GatewayService::build(config, &self.product.platform).await?;
            let ((), public) = self.product.host.adopt(parts);
            self.product.public = public.into();
        }
        Ok(())
    }

    /// Makes a hosted service known to the other processes, and to the gateway here.
    fn offer<S: Service>(&mut self, http: Router, rpc: Routes) {
        self.hosted_routers.insert(S::NAME, http.clone());
        self.product.internal = self.product.internal.take().map(|internal| {
            // Each brings an answer of its own for what it does not know.
            let router = http.reset_fallback().merge(rpc.into_axum_router().reset_fallback());
            internal.with_service(S::NAME, router)
        });
    }

    /// How a service in another process is asked over gRPC.
    fn channel(&self, service: &'static str) -> Result<Channel, Failure> {
        self.warn_if_exposed(service);
        Ok(self.settings.peers.channel(service, &self.product.platform.peers.connector)?)
    }

    fn warn_if_exposed(&self, service: &'static str) {
        if self.settings.peers.is_exposed(service) {
            tracing::warn!(
                service,
                "is on another machine and is spoken with plainly: use https:// and [peers.tls]"
            );
        }
    }

    /// How the gateway here reaches a service.
    fn upstream<S: Service>(&self) -> Result<Upstream, Failure> {
        let backend = match self.hosted_routers.get(S::NAME) {
            Some(router) => Backend::Mounted(router.clone()),
            None => {
                self.warn_if_exposed(S::NAME);
                Backend::Remote(self.settings.peers.find(S::NAME)?.into())
            }
        };
        let (service, description) = (S::NAME, S::DESCRIPTION);
        Ok(Upstream { service, description, operations: S::operations(), backend })
    }

    /// Lets the brokers carry events. Topics that are not as they must be are an error; brokers that are not there are
    /// waited for beside the work.
    async fn join_brokers(&mut self) -> Result<(), Failure> {
        let kafka = Kafka::new(self.settings.events.kafka.clone())?;
        let host = &mut self.product.host;
        if host.has_events() {
            match kafka.ensure_topics().await {
                Err(error @ TopicError::Unreachable(_)) => tracing::warn!(%error, "events wait"),
                ensured => ensured?,
            }
            host.carry_over(kafka);
        }
        Ok(())
    }

    /// Reads in their databases what others say that are hosted elsewhere.
    async fn hear_others(&mut self) -> Result<(), Failure> {
        let Product { host, platform, .. } = &mut self.product;
        for name in host.unheard_producers() {
            let schemas = [AuthService::schemas(), DetectionService::schemas()];
            let mut schemas = schemas.into_iter().flatten();
            let (name, schema) =
                schemas.find(|(known, _)| *known == name).ok_or("nobody has this database")?;
            let database = platform.database(name, schema).await?;
            host.hear(Outbox::of_another_process(name, database, Arc::clone(&platform.clock)));
        }
        if !self.hosted.is_all() {
            host.keep_for_others(&HEARD);
        }
        Ok(())
    }
}
