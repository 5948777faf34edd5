//! What carries rings between the processes of a server's database.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{PgPool, postgres::PgListener};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{Names, Untold, lock, ring};

/// Where all rings of a database go; PostgreSQL keeps databases apart.
const CHANNEL: &str = "prosopa_bells";

/// Shortest time between two tellings: what is rung meanwhile is told together.
const TELL_PERIOD: Duration = Duration::from_millis(5);

/// Pause before a server that is not there is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest wait for the server's goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// One process's side of it.
pub(super) struct Server {
    /// Who tells: nobody needs to hear of its own rings.
    own: Arc<str>,
    listening: PgPool,
    writer: PgPool,
    to_tell: Arc<ToTell>,
    is_listening: AtomicBool,
    is_telling: AtomicBool,
    stop: CancellationToken,
    /// Ends both tasks with the last handle of the database.
    _end: DropGuard,
}

/// What the others are to hear.
#[derive(Default)]
struct ToTell {
    names: Untold,
    is_any: Notify,
}

impl Server {
    pub(super) fn new(listening: PgPool, writer: PgPool) -> Self {
        let stop = CancellationToken::new();
        Self {
            own: Uuid::now_v7().simple().to_string().into(),
            listening,
            writer,
            to_tell: Arc::default(),
            is_listening: AtomicBool::new(false),
            is_telling: AtomicBool::new(false),
            _end: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Begins to ring what other processes tell, once.
    pub(super) fn listen(&self, names: &Names) {
        if self.is_listening.swap(true, Ordering::Relaxed) {
            return;
        }
        let (pool, own, names) = (self.listening.clone(), Arc::clone(&self.own), Arc::clone(names));
        let stop = self.stop.clone();
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                tokio::select! {
                    () = stop.cancelled() => return,
                    Err(error) = hear(&pool, &own, &names) => {
                        tracing::debug!(%error, "rings of other processes are not heard");
                    }
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        });
    }

    /// Has the others told of a ring, with whatever else is rung until then.
    pub(super) fn tell(&self, name: &'static str) {
        lock(&self.to_tell.names).insert(name);
        self.to_tell.is_any.notify_one();
        if self.is_telling.swap(true, Ordering::Relaxed) {
            return;
        }
        let (pool, own, to_tell) = (self.writer.clone(), Arc::clone(&self.own), Arc::clone(&self.to_tell));
        let stop = self.stop.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = to_tell.is_any.notified() => {}
                }
                let names: Vec<&str> = std::mem::take(&mut *lock(&to_tell.names)).into_iter().collect();
                let sql = "SELECT pg_notify($1, $2 || ' ' || name) FROM unnest($3) AS name";
                let told = sqlx::query(sql).bind(CHANNEL).bind(own.as_ref()).bind(names).execute(&pool);
                tokio::select! {
                    () = stop.cancelled() => return,
                    told = told => if let Err(error) = told {
                        // They look by themselves.
                        tracing::debug!(%error, "a ring is not told");
                    }
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(TELL_PERIOD) => {}
                }
            }
        });
    }

    pub(super) async fn close(&self) {
        self.stop.cancel();
        // A server that does not answer keeps nobody from ending.
        let _ = timeout(FAREWELL, self.listening.close()).await;
    }
}

/// Rings what is told until the connection cannot be had any more.
async fn hear(pool: &PgPool, own: &str, names: &Names) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // What was told while nobody listened is told to nobody.
        lock(names).values().for_each(|rung| ring(rung));
        // None once for each connection that is lost; by then there is another.
        while let Some(told) = listener.try_recv().await? {
            let Some((who, name)) = told.payload().split_once(' ') else { continue };
            if who != own
                && let Some(rung) = lock(names).get(name)
            {
                ring(rung);
            }
        }
    }
}
