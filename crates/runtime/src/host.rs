//! A process full of services: its ports, tasks and orderly end.

use std::{collections::BTreeSet, io, net::SocketAddr, time::Duration};

use axum::Router;
use futures::future::join_all;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use prosopa_events::{Kafka, Outbox, RelayMetrics, RunnerMetrics, SetupError};

use crate::{
    InternalRoutes, ListenerOptions, Listening, Parts, Platform, PublicRoutes, Readiness, Task, Tls, admin,
    events,
    listener::{self, Door, ListenerMetrics},
    redis,
    task::{Restarts, TaskEnded},
};

/// Runs built services until the platform's shutdown is asked for.
pub struct Host {
    platform: Platform,
    tasks: Vec<Task>,
    outboxes: Vec<Outbox>,
    listenings: Vec<Listening>,
    heard_elsewhere: Vec<&'static str>,
    kafka: Option<Kafka>,
    readiness: Vec<Readiness>,
    internal: Option<(InternalListener, InternalRoutes)>,
}

/// The ports a host listens on, bound before anything else so that a taken one is found early.
pub struct Listeners {
    /// None in a process that no user talks to.
    public: Option<TcpListener>,
    admin: TcpListener,
    tls: Option<Tls>,
}

/// The port for the product's other processes, bound early too. Nothing but [`InternalRoutes`] can be put behind it.
pub struct InternalListener {
    listener: TcpListener,
    tls: Option<Tls>,
}

/// A host cannot start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct HostError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

impl Listeners {
    /// Binds both ports; port 0 takes a free one.
    pub async fn bind(public: SocketAddr, admin: SocketAddr) -> Result<Self, HostError> {
        Ok(Self { public: Some(bind(public).await?), admin: bind(admin).await?, tls: None })
    }

    /// Binds the port for operators alone, in a process that no user talks to.
    pub async fn bind_admin(admin: SocketAddr) -> Result<Self, HostError> {
        Ok(Self { public: None, admin: bind(admin).await?, tls: None })
    }

    /// Speaks TLS with users.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Address for users.
    ///
    /// # Errors
    /// There is no port for users here.
    pub fn public_address(&self) -> io::Result<SocketAddr> {
        self.public.as_ref().ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr()
    }

    /// Address for operators.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.admin.local_addr()
    }
}

impl InternalListener {
    /// Binds the port; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, HostError> {
        Ok(Self { listener: bind(address).await?, tls: None })
    }

    /// Speaks TLS with them.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Address for the product's other processes.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, HostError> {
    TcpListener::bind(address).await.map_err(|source| HostError { address, source })
}

impl Host {
    /// A host without services.
    pub const fn new(platform: Platform) -> Self {
        Self {
            platform,
            tasks: Vec::new(),
            outboxes: Vec::new(),
            listenings: Vec::new(),
            heard_elsewhere: Vec::new(),
            kafka: None,
            readiness: Vec::new(),
            internal: None,
        }
    }

    /// Takes over a service's tasks and checks; gives back its offer and routes for wiring.
    pub fn adopt<Offer>(&mut self, parts: Parts<Offer>) -> (Offer, Router) {
        self.tasks.extend(parts.tasks);
        self.tasks.extend(parts.jobs.into_iter().map(|(name, worker)| Task::of_worker(name, worker)));
        self.outboxes.extend(parts.outbox);
        self.listenings.extend(parts.listens);
        self.readiness.extend(parts.readiness);
        (parts.offer, parts.http)
    }

    /// Takes over a task of nobody's.
    pub fn supervise(&mut self, task: Task) {
        self.tasks.push(task);
    }

    /// The services that those here want to hear and that are not here.
    pub fn unheard_producers(&self) -> BTreeSet<&'static str> {
        let wanted = self.listenings.iter().flat_map(|listening| listening.producers.iter().copied());
        wanted.filter(|name| self.outboxes.iter().all(|outbox| outbox.service() != *name)).collect()
    }

    /// Lets the services here hear one in another process.
    pub fn hear(&mut self, outbox: Outbox) {
        self.outboxes.push(outbox);
    }

    /// Keeps what these services say for other processes to hear.
    pub fn keep_for_others(&mut self, services: &[&'static str]) {
        self.heard_elsewhere.extend(services);
    }

    /// Whether anything here says or hears events.
    pub const fn has_events(&self) -> bool {
        !self.outboxes.is_empty() || !self.listenings.is_empty()
    }

    /// Lets brokers carry what services say, here and elsewhere.
    pub fn carry_over(&mut self, kafka: Kafka) {
        self.kafka = Some(kafka);
    }

    /// Will serve the product's other processes too; a process that holds the whole product has none to serve.
    ///
    /// There is one such listener: what was said before is replaced.
    pub fn serve_internal(&mut self, listener: InternalListener, routes: InternalRoutes) {
        self.internal = Some((listener, routes));
    }

    /// Serves `public`, where there is a port for it, until shutdown is asked for, then lingers and drains: stop accepting, finish requests,
    /// stop tasks, close databases.
    ///
    /// The end of an essential task asks for shutdown too, and is the error after the drain.
    pub async fn run(
        mut self,
        listeners: Listeners,
        public: impl Into<PublicRoutes>,
        options: ListenerOptions,
    ) -> Result<(), TaskEnded> {
        let Listeners { public: listener, admin: admin_listener, tls } = listeners;
        let public = listener.map(|listener| Door::public(listener, public.into().into_router(), tls));
        let mut doors = Vec::from_iter(public);
        let internal = self.internal.take();
        doors.extend(internal.map(|(door, routes)| {
            let InternalListener { listener, tls } = door;
            Door::internal(listener, routes.into_router(), tls)
        }));
        let connections = match ListenerMetrics::declare(&self.platform.metrics) {
            Ok(metrics) => metrics,
            Err(error) => return Err(TaskEnded { task: "listeners", reason: error.to_string() }),
        };
        let mut readiness = self.platform.database_readiness();
        readiness.extend(std::mem::take(&mut self.readiness));
        readiness.extend(self.platform.redis.as_ref().map(redis::readiness));
        let redis = self.platform.redis.as_ref().map(redis::tend);
        let restarts = Restarts::declare(&self.platform.metrics);
        // Operators can look until the very end.
        let (stop_admin, stop_tasks) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        let carriers = match self.carriers() {
            Ok(carriers) => carriers,
            Err(error) => return Err(TaskEnded { task: "events", reason: error.to_string() }),
        };
        for task in self.tasks.into_iter().chain(carriers).chain(redis) {
            readiness.extend(task.readiness());
            let end_process = self.platform.shutdown.clone();
            tasks.spawn(task.supervise(stop_tasks.clone(), end_process, restarts.clone()));
        }
        let shutdown = self.platform.shutdown.clone();
        let admin = admin::router(self.platform.metrics.clone(), readiness, shutdown);
        let operators = Door::admin(admin_listener, admin);
        let serve = |door, options, stop| listener::serve(door, options, connections.clone(), stop);
        // When its turn has come, all else has ended.
        let prompt = ListenerOptions { linger: Duration::ZERO, ..options.clone() };
        let operators = tokio::spawn(serve(operators, prompt, stop_admin.clone()));
        let routers: Vec<Router> = doors.iter().map(|door| door.router().clone()).collect();
        let serve = |door| serve(door, options.clone(), self.platform.shutdown.clone());
        join_all(doors.into_iter().map(serve)).await;
        stop_tasks.cancel();
        // What the routes hold goes only now: a task that serves them would take its loss for a fault.
        drop(routers);
        let mut outcome = Ok(());
        let joined = async {
            while let Some(ended) = tasks.join_next().await {
                // What joining can fail by, a panic, the supervisor has turned into an end already.
                if let Ok(Err(ended)) = ended {
                    outcome = Err(ended);
                }
            }
        };
        if tokio::time::timeout(options.drain_timeout, joined).await.is_err() {
            tracing::warn!("some tasks did not end in time");
        }
        stop_admin.cancel();
        // It can only fail by a panic, which has been logged.
        let _ = operators.await;
        self.platform.close_databases().await;
        outcome
    }

    /// What carries events.
    fn carriers(&mut self) -> Result<Vec<Task>, SetupError> {
        let Platform { clock, metrics, .. } = &self.platform;
        let heard = RunnerMetrics::declare(metrics)?;
        let listenings = std::mem::take(&mut self.listenings);
        if let Some(kafka) = &self.kafka {
            let relayed = RelayMetrics::declare(metrics)?;
            return Ok(events::tasks_over(kafka, &self.outboxes, listenings, clock, (&heard, &relayed)));
        }
        Ok(events::tasks(&self.outboxes, listenings, &self.heard_elsewhere, clock, &heard))
    }
}
