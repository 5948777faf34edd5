//! Wakes who waits for rows: at each commit in this process, and soon after it in every other one that has the database.
//!
//! PostgreSQL carries the rings of other processes (LISTEN, NOTIFY); a file is one process's. The NOTIFY comes behind the
//! commit, in a transaction of its own, many rings in one: within the transaction it would make all commits of the server
//! wait for each other. So a ring can be lost, with the process or the connection: who waits looks by itself now and then.

mod server;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, futures::Notified};

use self::server::Server;

/// Rings in every process that has a database, behind a commit. Cheap to clone.
#[derive(Clone)]
pub struct Bell {
    name: &'static str,
    rung: Arc<Notify>,
    bells: Bells,
}

impl Bell {
    /// Waits for the next ring, as [`Notify::notified`] does. The first wait begins to listen to other processes, so that one
    /// that only rings needs no connection for it.
    pub fn notified(&self) -> Notified<'_> {
        if let Some(server) = &self.bells.0.server {
            server.listen(&self.bells.0.rung);
        }
        self.rung.notified()
    }

    /// Whether both are the same bell.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rung, &other.rung)
    }

    /// Rings here, and tells the others soon.
    pub(crate) fn ring(&self) {
        ring(&self.rung);
        if let Some(server) = &self.bells.0.server {
            server.tell(self.name);
        }
    }
}

/// One permit is kept for who looks later; whoever waits now is woken, all of them.
pub(crate) fn ring(rung: &Notify) {
    rung.notify_waiters();
    rung.notify_one();
}

/// The bells of one database, by their names.
#[derive(Clone)]
pub(crate) struct Bells(Arc<Inner>);

struct Inner {
    rung: Names,
    server: Option<Server>,
}

/// What is rung of each name.
type Names = Arc<Mutex<BTreeMap<&'static str, Arc<Notify>>>>;

impl Bells {
    /// Those of a file.
    pub(crate) fn of_file() -> Self {
        Self(Arc::new(Inner { rung: Names::default(), server: None }))
    }

    /// Those of a server's database: rings come over connections of `listening`, and go over `writer`.
    pub(crate) fn of_server(listening: sqlx::PgPool, writer: sqlx::PgPool) -> Self {
        let server = Some(Server::new(listening, writer));
        Self(Arc::new(Inner { rung: Names::default(), server }))
    }

    /// The bell of a name, the same for every clone of the database.
    pub(crate) fn bell(&self, name: &'static str) -> Bell {
        let rung = Arc::clone(lock(&self.0.rung).entry(name).or_default());
        Bell { name, rung, bells: self.clone() }
    }

    /// Listens and tells no more.
    pub(crate) async fn close(&self) {
        if let Some(server) = &self.0.server {
            server.close().await;
        }
    }
}

/// Names that the others have to be told.
type Untold = Mutex<BTreeSet<&'static str>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
