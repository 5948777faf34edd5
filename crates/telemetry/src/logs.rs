//! Logs to standard error, traces over OTLP when an endpoint is configured.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{
    EnvFilter, Layer, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// What is written where.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which events are logged, in the syntax of `RUST_LOG`.
    pub log_filter: String,
    /// How a log line looks.
    pub log_format: LogFormat,
    /// OTLP endpoint (gRPC) for traces such as `http://127.0.0.1:4317`; none: no traces leave.
    pub otlp_endpoint: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { log_filter: "info".into(), log_format: LogFormat::Text, otlp_endpoint: None }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `log_filter` is not understood.
    #[error("log_filter is not a filter such as info,prosopa_auth=debug")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The endpoint is not usable.
    #[error("otlp_endpoint cannot be used")]
    Endpoint(#[source] opentelemetry_otlp::ExporterBuildError),
    /// Something else in this process has set up logging.
    #[error("telemetry was started twice")]
    Twice,
}

/// Running telemetry; dropping it sends what is still to be sent.
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts logs and, if configured, traces. Needs a Tokio runtime when traces are exported.
    pub fn start(config: &Config, version: &'static str) -> Result<Self, StartError> {
        let filter = EnvFilter::try_new(&config.log_filter).map_err(StartError::Filter)?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
        // Each layer has its own filter: how much is logged does not decide what is traced.
        let lines = match config.log_format {
            LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        let traces = config.otlp_endpoint.as_deref().map(|url| start_traces(url, version)).transpose()?;
        let spans = traces.as_ref().map(|provider| {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("prosopa"));
            layer.with_filter(LevelFilter::INFO)
        });
        let registry = tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans);
        registry.try_init().map_err(|_| StartError::Twice)?;
        Ok(Self { traces })
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.traces.as_ref().map(SdkTracerProvider::shutdown) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn start_traces(endpoint: &str, version: &'static str) -> Result<SdkTracerProvider, StartError> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
    let version = opentelemetry::KeyValue::new("service.version", version);
    let resource = Resource::builder().with_service_name("prosopa").with_attribute(version).build();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter.map_err(StartError::Endpoint)?)
        .with_resource(resource)
        .build())
}
