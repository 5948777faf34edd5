//! Wires the service: the only place that does.

use std::sync::Arc;

use prosopa_http::Operation;
use prosopa_runtime::{BuildError, Parts, Platform, Service};
use prosopa_store::{Migration, migrations};

use crate::{config::Config, http, metrics::Metrics, state::State};

/// The schema, in order.
const MIGRATIONS: &[Migration] = migrations!("0001_images", "0002_detections");

/// Pictures and the faces in them.
pub struct DetectionService;

impl Service for DetectionService {
    const NAME: &'static str = "detection";
    const DESCRIPTION: &'static str = "Pictures and the faces in them";

    type Config = Config;
    type Offer = ();

    fn operations() -> Vec<Operation> {
        http::endpoints().into_operations()
    }

    async fn build(config: Config, platform: &Platform) -> Result<Parts<()>, BuildError> {
        config.validate()?;
        let state = State {
            config: Arc::new(config),
            database: platform.database(Self::NAME, MIGRATIONS).await?,
            blobs: platform.blobs(Self::NAME),
            keyring: platform.keyring.clone(),
            engine: platform.peers.engine()?,
            clock: Arc::clone(&platform.clock),
            metrics: Metrics::declare(&platform.metrics)?,
        };
        let http = http::endpoints().into_router(state);
        Ok(Parts { offer: (), http, tasks: Vec::new(), readiness: Vec::new() })
    }
}
