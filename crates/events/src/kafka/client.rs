//! What librdkafka says of itself, in the product's log, and how its clients end.

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError,
    statistics::Statistics,
};
use tokio::sync::oneshot;

/// A client that nothing more is wanted of.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn stats(&self, _statistics: Statistics) {}

    fn error(&self, error: KafkaError, reason: &str) {
        complain(&error, reason);
    }
}

impl ConsumerContext for Quiet {}

/// A line of the library's log. It mends by itself whatever it complains of here, so nothing is an error of ours.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => tracing::warn!(facility, "kafka: {message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "kafka: {message}"),
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "kafka: {message}"),
    }
}

/// A broker that is lost, and the like: connections are made again until there is one.
pub(super) fn complain(error: &KafkaError, reason: &str) {
    tracing::warn!(%error, reason, "kafka");
}

/// Ends a client, which waits for the library's threads and perhaps for brokers. A thread of its own: neither the runtime
/// nor the end of the process is to wait.
pub(super) fn close_elsewhere<T: Send + 'static>(client: T) -> oneshot::Receiver<()> {
    let (closed, told) = oneshot::channel();
    let close = move || {
        drop(client);
        // Perhaps nobody waits.
        let _ = closed.send(());
    };
    // Without a thread for it, it is ended here.
    let _ = std::thread::Builder::new().name("kafka-close".to_owned()).spawn(close);
    told
}
