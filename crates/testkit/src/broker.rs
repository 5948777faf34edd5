//! Apache Kafka: a broker of one test's own, and topics as a stranger sees them.

pub use prosopa_events::testing::SeenRecord;

use prosopa_events::testing::{put_record, read_topic};

use crate::server::ScriptedServer;

/// A broker, ended with the test.
pub struct TestBroker(ScriptedServer);

/// The topics of one deployment.
#[derive(Debug, Clone)]
pub struct Topics {
    brokers: String,
    prefix: String,
}

impl TestBroker {
    /// Starts one.
    pub async fn start() -> Self {
        Self(ScriptedServer::start("kafka/broker.sh", &[]).await)
    }

    /// Its address, the same from one start to the next.
    pub fn address(&self) -> &str {
        self.0.address()
    }

    /// Ends it in an orderly way.
    pub async fn stop(&self) {
        self.0.tell("stop").await;
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

impl Topics {
    /// Those whose names begin with `prefix` instead of `prosopa`.
    pub fn new(brokers: &str, prefix: &str) -> Self {
        Self { brokers: brokers.to_owned(), prefix: prefix.to_owned() }
    }

    /// All that lies on a topic now, by its name in the product.
    pub async fn read(&self, topic: &str) -> Vec<SeenRecord> {
        read_topic(&self.brokers, &self.physical(topic)).await.unwrap()
    }

    /// Puts a record on a topic that may be no event.
    pub async fn put(&self, topic: &str, key: &str, headers: &[(&str, &str)], value: &[u8]) {
        put_record(&self.brokers, &self.physical(topic), key, headers, value).await.unwrap();
    }

    fn physical(&self, topic: &str) -> String {
        topic.replacen("prosopa", &self.prefix, 1)
    }
}
