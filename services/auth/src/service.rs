//! Wires the service together.

use std::sync::Arc;

use tokio::sync::Semaphore;

use prosopa_contract::{
    accounts::Accounts, client_keys::ClientKeys, credential_changes::CredentialChanges, verifier::Verifier,
};
use prosopa_events::Outbox;
use prosopa_http::Operation;
use prosopa_jobs::{Jobs, Setup};
use prosopa_runtime::{BuildError, Parts, Platform, Schemas, Service};
use prosopa_store::Migration;

use crate::{
    accounts::StoreAccounts,
    administrator::{self, NewAdministrator},
    api_keys::leaked,
    client_keys::StoreClientKeys,
    clients::sign_up,
    config::Config,
    credential_changes::StoreChanges,
    hash_key::HashKey,
    http, jobs,
    key_use::KeyUse,
    login_throttle::LoginThrottle,
    metrics::Metrics,
    oidc_provider, password_resets,
    passwords::PasswordHasher,
    signing_keys::SigningKeys,
    state::{self, State},
    store::{DATABASE, MIGRATIONS, Store},
    tasks,
    throttle::Throttle,
    verifier::StoreVerifier,
};

/// Sockets that are open at the same time in one process.
const SOCKETS_MAX: usize = 1_000;

/// Accounts, users, sessions, API keys and API clients.
pub struct AuthService;

/// What the service offers to its host.
pub struct Offer {
    /// Tells who stands behind a credential.
    pub verifier: Arc<dyn Verifier>,
    /// Tells what is to be forgotten of what the verifier said.
    pub credential_changes: Arc<dyn CredentialChanges>,
    /// Tells who may still act for an account.
    pub accounts: Arc<dyn Accounts>,
    /// Tells with which key an API client signs.
    pub client_keys: Arc<dyn ClientKeys>,
    /// The administrator, if this start made it: to be shown once, on a terminal only.
    pub new_administrator: Option<NewAdministrator>,
}

impl AuthService {
    /// The schema, for whoever checks it without building the service.
    pub const MIGRATIONS: &'static [Migration] = MIGRATIONS;
}

impl Service for AuthService {
    const NAME: &'static str = DATABASE;
    const DESCRIPTION: &'static str = "Accounts, users, sessions, API keys and API clients";

    type Config = Config;
    type Offer = Offer;

    fn operations() -> Vec<Operation> {
        http::endpoints().into_operations()
    }

    fn schemas() -> Schemas {
        &[(Self::NAME, MIGRATIONS)]
    }

    async fn build(config: Config, platform: &Platform) -> Result<Parts<Offer>, BuildError> {
        config.validate()?;
        let mailer =
            if config.needs_mailer { Some(platform.peers.mailer()?) } else { platform.peers.mailer.clone() };
        let metrics = Metrics::declare(&platform.metrics)?;
        let database = platform.database(Self::NAME, MIGRATIONS).await?;
        let jobs = Jobs::new(Setup {
            service: Self::NAME,
            database: database.clone(),
            clock: Arc::clone(&platform.clock),
            metrics: &platform.metrics,
            kinds: jobs::KINDS,
            schedules: &[],
            hook: None,
        })?;
        let outbox = Outbox::new(Self::NAME, database.clone(), Arc::clone(&platform.clock));
        let store = Store::new(database);
        let clock = Arc::clone(&platform.clock);
        let passwords = PasswordHasher::new(&config, metrics.hashing_seconds.clone()).await?;
        let new_administrator =
            administrator::ensure(&config, &platform.data_dir, &store, &passwords, clock.now()).await?;
        let signing_keys =
            SigningKeys::load(store.clone(), platform.keyring.clone(), Arc::clone(&clock), config.clone())
                .await?;
        let hash_key = HashKey::load(&store, &platform.keyring).await?;
        let accounts = Arc::new(StoreAccounts::new(store.clone()));
        let credential_changes = Arc::new(StoreChanges::new(store.clone()));
        let key_use = KeyUse::default();
        let login_throttle =
            LoginThrottle::of_names(config.failed_login_burst, config.failed_login_interval());
        let network_throttle = LoginThrottle::of_networks(
            config.failed_login_network_burst,
            config.failed_login_network_interval(),
        );
        let (burst, interval) = password_resets::NETWORK_RATE;
        let reset_throttle = LoginThrottle::of_networks(burst, interval);
        let leak_throttle = LoginThrottle::of_networks(leaked::NETWORK_RATE.0, leaked::NETWORK_RATE.1);
        let sign_up_throttle = LoginThrottle::of_networks(sign_up::NETWORK_RATE.0, sign_up::NETWORK_RATE.1);
        let shared = |purpose, here| Throttle::new(purpose, here, platform.redis.clone());
        let providers = oidc_provider::all(&config, &clock)?;
        let state = State::new(state::Parts {
            config,
            clock,
            store,
            passwords,
            login_throttle: shared("failed_logins", login_throttle),
            network_throttle: shared("failed_logins_of_networks", network_throttle),
            reset_throttle: shared("resets_of_networks", reset_throttle),
            leak_throttle: shared("leaks_of_networks", leak_throttle),
            sign_up_throttle: shared("sign_ups_of_networks", sign_up_throttle),
            mailer,
            providers,
            signing_keys,
            key_use,
            jobs,
            outbox: outbox.clone(),
            keyring: platform.keyring.clone(),
            hash_key,
            metrics,
            sockets: Arc::new(Semaphore::new(SOCKETS_MAX)),
            shutdown: platform.shutdown.clone(),
        });
        let verifier = Arc::new(StoreVerifier::new(state.clone()));
        let client_keys = Arc::new(StoreClientKeys::new(state.clone()));
        let tasks = tasks::all(&state);
        let worker = jobs::worker(&state)?;
        let http = http::endpoints().into_router(state);
        Ok(Parts {
            offer: Offer { verifier, credential_changes, accounts, client_keys, new_administrator },
            http,
            tasks,
            outbox: Some(outbox),
            listens: Vec::new(),
            jobs: vec![("auth_jobs", worker)],
            readiness: Vec::new(),
        })
    }
}
