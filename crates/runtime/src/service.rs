//! What every service is to its host.

use std::{error::Error, future::Future, sync::Arc};

use axum::Router;
use futures::future::BoxFuture;

use prosopa_events::Outbox;
use prosopa_http::Operation;
use prosopa_jobs::Worker;
use prosopa_store::Migration;

use crate::{Platform, Task, events::Listening};

/// Databases by name, each with its schema.
pub type Schemas = &'static [(&'static str, &'static [Migration])];

/// A part of the suite that owns its tables, routes, events and jobs.
pub trait Service {
    /// Lower-case name: of its database, its section of the configuration, its tag in the documentation.
    const NAME: &'static str;

    /// What it is for, one line.
    const DESCRIPTION: &'static str;

    /// Its section of the configuration.
    type Config;

    /// What it offers to other services, usually a contract's trait object.
    type Offer;

    /// Its public routes; known without building it.
    fn operations() -> Vec<Operation>;

    /// Its databases, each with its schema; known without building it.
    fn schemas() -> Schemas;

    /// Opens what it needs and wires it.
    fn build(
        config: Self::Config,
        platform: &Platform,
    ) -> impl Future<Output = Result<Parts<Self::Offer>, BuildError>> + Send;
}

/// A service cannot be built; what it says is for the operator.
pub type BuildError = Box<dyn Error + Send + Sync>;

/// A built service.
pub struct Parts<Offer> {
    /// What it offers to other services.
    pub offer: Offer,
    /// Its public routes.
    pub http: Router,
    /// What it does besides answering.
    pub tasks: Vec<Task>,
    /// Where it says what happened.
    pub outbox: Option<Outbox>,
    /// What it hears.
    pub listens: Vec<Listening>,
    /// Who does its durable jobs, by name of the task that it becomes.
    pub jobs: Vec<(&'static str, Worker)>,
    /// What must hold for it to do its work.
    pub readiness: Vec<Readiness>,
}

/// A question with the answer "ready" or a reason why not.
pub type ReadinessCheck = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A named readiness check.
#[derive(Clone)]
pub struct Readiness {
    /// Shown at `/readyz`.
    pub name: &'static str,
    /// Asked at every `/readyz`; must answer within a second.
    pub check: ReadinessCheck,
    /// Whether the process does its work without it: then it is only told of.
    pub is_dispensable: bool,
}

impl Readiness {
    /// Wraps a check.
    pub fn new<F, R>(name: &'static str, check: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, check: Arc::new(move || Box::pin(check())), is_dispensable: false }
    }

    /// The same check of what the process can do without.
    #[must_use]
    pub fn dispensable(self) -> Self {
        Self { is_dispensable: true, ..self }
    }
}
