//! What the engine says of its models, remembered for a while: each match needs it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prosopa_contract::engine::{DescribeModelsResponse, Engine, EngineError};
use prosopa_model::{Clock, Timestamp};

use crate::error::Error;

/// How long it is believed. Answers of the engine name the model too, so a change is noticed at once where it matters.
const BELIEVED: Duration = Duration::from_secs(60);

/// How often something is begun anew because the engine has changed its model meanwhile.
const ATTEMPTS: usize = 2;

/// The engine's own description. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Models {
    engine: Arc<dyn Engine>,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<Option<Known>>>,
}

struct Known {
    since: Timestamp,
    models: Arc<DescribeModelsResponse>,
}

impl Models {
    pub(crate) fn new(engine: Arc<dyn Engine>, clock: Arc<dyn Clock>) -> Self {
        Self { engine, clock, known: Arc::default() }
    }

    /// What the engine runs, as it said a minute ago at the latest.
    pub(crate) async fn describe(&self) -> Result<Arc<DescribeModelsResponse>, EngineError> {
        let now = self.clock.now();
        if let Some(models) = self.remembered(now) {
            return Ok(models);
        }
        let models = Arc::new(self.engine.describe_models().await?);
        if let Some(fault) = models.calibration.as_ref().and_then(|calibration| calibration.fault()) {
            let detail = format!("the engine's calibration cannot be used: {fault}");
            return Err(EngineError::Internal { detail });
        }
        let known = Known { since: now, models: Arc::clone(&models) };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(models)
    }

    /// Does what needs one model from its beginning to its end: begun anew where it says, by none, that the engine has answered with
    /// another one meanwhile.
    pub(crate) async fn with_one<T, A>(
        &self,
        attempt: impl Fn(Arc<DescribeModelsResponse>) -> A,
    ) -> Result<T, Error>
    where
        A: Future<Output = Result<Option<T>, Error>>,
    {
        for _ in 0..ATTEMPTS {
            if let Some(done) = attempt(self.describe().await?).await? {
                return Ok(done);
            }
            self.forget();
        }
        Err(Error::ModelsChanged)
    }

    fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn remembered(&self, now: Timestamp) -> Option<Arc<DescribeModelsResponse>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| now < known.since.after(BELIEVED))?;
        Some(Arc::clone(&known.models))
    }
}
