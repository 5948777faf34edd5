//! A PostgreSQL server of one test's own, which may be killed and started again.

use crate::server::ScriptedServer;

/// A server that keeps what it has acknowledged, ended with the test.
pub struct TestPostgres(ScriptedServer);

impl TestPostgres {
    /// Starts one.
    pub async fn start() -> Self {
        Self(ScriptedServer::start("postgres/server.sh", &[("PROSOPA_TEST_POSTGRES_DURABLE", "on")]).await)
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
