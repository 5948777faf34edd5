//! The process's metrics, in Prometheus' text format.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
    core::Collector, process_collector::ProcessCollector,
};

/// Upper bounds of latency histograms, seconds.
pub const LATENCY_BUCKETS_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The metrics of one process. Cheap to clone.
///
/// Names are `prosopa_<service>_<thing>_<unit>`; labels are bounded (never an id, a path as sent, or an address).
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
}

/// A metric is declared twice or badly named.
#[derive(Debug, thiserror::Error)]
#[error("metric {name} cannot be declared")]
pub struct MetricsError {
    name: String,
    #[source]
    source: prometheus::Error,
}

impl Metrics {
    /// A registry with the metrics of the process itself (memory, processor time, open files).
    pub fn new() -> Self {
        let registry = Registry::new();
        // A new registry holds nothing this could collide with.
        let _ = registry.register(Box::new(ProcessCollector::for_self()));
        Self { registry }
    }

    /// Declares counters.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, MetricsError> {
        self.register(name, IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// Declares gauges.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, MetricsError> {
        self.register(name, IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// Declares histograms of seconds.
    pub fn latencies(&self, name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec, MetricsError> {
        let options = HistogramOpts::new(name, help).buckets(LATENCY_BUCKETS_SECONDS.to_vec());
        self.register(name, HistogramVec::new(options, labels))
    }

    fn register<C: Collector + Clone + 'static>(
        &self,
        name: &str,
        made: Result<C, prometheus::Error>,
    ) -> Result<C, MetricsError> {
        let fault = |source| MetricsError { name: name.to_owned(), source };
        let collector = made.map_err(fault)?;
        self.registry.register(Box::new(collector.clone())).map_err(fault)?;
        Ok(collector)
    }

    /// Everything, in the text format 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be rendered");
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = Metrics::new();
        let counters = metrics.counters("prosopa_test_things_total", "things", &["kind"]).unwrap();
        counters.with_label_values(&["a"]).inc_by(3);
        assert!(metrics.render().contains("prosopa_test_things_total{kind=\"a\"} 3"));
        assert!(metrics.render().contains("process_resident_memory_bytes"));
    }

    #[test]
    fn a_name_is_declared_once() {
        let metrics = Metrics::new();
        assert!(metrics.gauges("prosopa_test_size", "size", &[]).is_ok());
        assert!(metrics.gauges("prosopa_test_size", "size", &[]).is_err());
    }
}
