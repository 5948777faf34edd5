//! A PostgreSQL server of one test's own, which may be killed and started again.

use crate::server::ScriptedServer;

/// Size of a small disk: the databases of every service, and their logs for a while.
const DISK_MIB: &str = "512";

/// A server that keeps what it has acknowledged, ended with the test.
pub struct TestPostgres(ScriptedServer);

impl TestPostgres {
    /// Starts one.
    pub async fn start() -> Self {
        Self(ScriptedServer::start("postgres/server.sh", &[("PROSOPA_TEST_POSTGRES_DURABLE", "on")]).await)
    }

    /// Starts one on a small disk of its own, which can become full. Needs root.
    pub async fn start_on_small_disk() -> Self {
        let variables =
            [("PROSOPA_TEST_POSTGRES_DURABLE", "on"), ("PROSOPA_TEST_POSTGRES_DISK_MIB", DISK_MIB)];
        Self(ScriptedServer::start("postgres/server.sh", &variables).await)
    }

    /// Leaves no room on its disk.
    pub async fn fill_disk(&self) {
        self.0.tell("fill").await;
    }

    /// Makes room again; a server that has given up meanwhile is started.
    pub async fn free_disk(&self) {
        self.0.tell("free").await;
    }

    /// Its address, to which `/DATABASE` is added; the same from one start to the next.
    pub fn url(&self) -> &str {
        self.0.address()
    }

    /// Ends it as a power cut would.
    pub async fn kill(&self) {
        self.0.tell("kill").await;
    }

    /// Starts it again where it was.
    pub async fn start_again(&self) {
        self.0.tell("start").await;
    }
}
