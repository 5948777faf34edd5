//! gRPC adapters: [`EngineClient`] speaks to an engine elsewhere, [`serve_engine`] offers a local one.
//!
//! Every [`EngineError`] crosses the wire whole: its variant and fields travel in trailing metadata, the gRPC
//! status beside it is for tools that know only gRPC.

use std::{str::FromStr, sync::Arc};

use async_trait::async_trait;
use tonic::{
    Code, Request, Response, Status,
    metadata::{MetadataMap, MetadataValue},
    transport::Channel,
};

use super::{
    AnalyzeFacesRequest, AnalyzeFacesResponse, DescribeModelsRequest, DescribeModelsResponse, Engine,
    EngineError, IMAGE_BYTES_MAX, IMAGE_PIXELS_MAX, ReadDocumentRequest, ReadDocumentResponse,
    messages::{engine_client, engine_server},
};
use crate::calls::again_if_lost;

/// Room for the largest picture and the message around it.
const MESSAGE_BYTES_MAX: usize = IMAGE_BYTES_MAX + 64 * 1024;

const ERROR_KEY: &str = "prosopa-error";
const WIDTH_KEY: &str = "prosopa-width";
const HEIGHT_KEY: &str = "prosopa-height";
const LIMIT_KEY: &str = "prosopa-limit";
const RETRY_AFTER_KEY: &str = "prosopa-retry-after-ms";

/// An engine behind gRPC.
#[derive(Clone)]
pub struct EngineClient {
    inner: engine_client::EngineClient<Channel>,
}

impl EngineClient {
    /// Wraps a channel; the channel decides about TLS, time-outs and reconnecting.
    pub fn new(channel: Channel) -> Self {
        let inner = engine_client::EngineClient::new(channel)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { inner }
    }
}

#[async_trait]
impl Engine for EngineClient {
    async fn analyze_faces(&self, request: AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> {
        let asked = again_if_lost(|| {
            let (mut inner, request) = (self.inner.clone(), request.clone());
            async move { inner.analyze_faces(request).await }
        });
        asked.await.map(Response::into_inner).map_err(|status| read_error(&status))
    }

    async fn read_document(&self, request: ReadDocumentRequest) -> Result<ReadDocumentResponse, EngineError> {
        let asked = again_if_lost(|| {
            let (mut inner, request) = (self.inner.clone(), request.clone());
            async move { inner.read_document(request).await }
        });
        asked.await.map(Response::into_inner).map_err(|status| read_error(&status))
    }

    async fn describe_models(&self) -> Result<DescribeModelsResponse, EngineError> {
        let asked = again_if_lost(|| {
            let mut inner = self.inner.clone();
            async move { inner.describe_models(DescribeModelsRequest {}).await }
        });
        asked.await.map(Response::into_inner).map_err(|status| read_error(&status))
    }
}

/// Offers `engine` as a gRPC service to mount on a `tonic` server.
pub fn serve_engine(engine: Arc<dyn Engine>) -> engine_server::EngineServer<impl engine_server::Engine> {
    engine_server::EngineServer::new(Adapter(engine))
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
}

struct Adapter(Arc<dyn Engine>);

#[async_trait]
impl engine_server::Engine for Adapter {
    async fn analyze_faces(
        &self,
        request: Request<AnalyzeFacesRequest>,
    ) -> Result<Response<AnalyzeFacesResponse>, Status> {
        self.0
            .analyze_faces(request.into_inner())
            .await
            .map(Response::new)
            .map_err(|error| write_error(&error))
    }

    async fn read_document(
        &self,
        request: Request<ReadDocumentRequest>,
    ) -> Result<Response<ReadDocumentResponse>, Status> {
        self.0
            .read_document(request.into_inner())
            .await
            .map(Response::new)
            .map_err(|error| write_error(&error))
    }

    async fn describe_models(
        &self,
        _request: Request<DescribeModelsRequest>,
    ) -> Result<Response<DescribeModelsResponse>, Status> {
        self.0.describe_models().await.map(Response::new).map_err(|error| write_error(&error))
    }
}

fn write_error(error: &EngineError) -> Status {
    let mut metadata = MetadataMap::new();
    let mut put = |key: &'static str, value: u64| metadata.insert(key, MetadataValue::from(value));
    let (code, name, detail) = match error {
        EngineError::EmptyImage => (Code::InvalidArgument, "empty-image", String::new()),
        EngineError::UnsupportedFormat => (Code::InvalidArgument, "unsupported-format", String::new()),
        EngineError::UndecodableImage { detail } => {
            (Code::InvalidArgument, "undecodable-image", detail.clone())
        }
        EngineError::AnimatedImage => (Code::InvalidArgument, "animated-image", String::new()),
        EngineError::TooManyBytes { bytes_max } => {
            put(LIMIT_KEY, *bytes_max);
            (Code::InvalidArgument, "too-many-bytes", String::new())
        }
        EngineError::TooManyPixels { width, height, pixels_max } => {
            put(WIDTH_KEY, u64::from(*width));
            put(HEIGHT_KEY, u64::from(*height));
            put(LIMIT_KEY, *pixels_max);
            (Code::InvalidArgument, "too-many-pixels", String::new())
        }
        EngineError::InvalidArgument { detail } => {
            (Code::InvalidArgument, "invalid-argument", detail.clone())
        }
        EngineError::Overloaded { retry_after_ms } => {
            put(RETRY_AFTER_KEY, *retry_after_ms);
            (Code::ResourceExhausted, "overloaded", String::new())
        }
        EngineError::Unavailable { detail } => (Code::Unavailable, "unavailable", detail.clone()),
        EngineError::Internal { detail } => (Code::Internal, "internal", detail.clone()),
    };
    metadata.insert(ERROR_KEY, MetadataValue::from_static(name));
    Status::with_metadata(code, detail, metadata)
}

fn read_error(status: &Status) -> EngineError {
    let detail = status.message().to_owned();
    match text(status, ERROR_KEY) {
        Some("empty-image") => EngineError::EmptyImage,
        Some("unsupported-format") => EngineError::UnsupportedFormat,
        Some("undecodable-image") => EngineError::UndecodableImage { detail },
        Some("animated-image") => EngineError::AnimatedImage,
        Some("too-many-bytes") => EngineError::TooManyBytes {
            bytes_max: number(status, LIMIT_KEY).unwrap_or(IMAGE_BYTES_MAX as u64),
        },
        Some("too-many-pixels") => EngineError::TooManyPixels {
            width: number(status, WIDTH_KEY).unwrap_or_default(),
            height: number(status, HEIGHT_KEY).unwrap_or_default(),
            pixels_max: number(status, LIMIT_KEY).unwrap_or(IMAGE_PIXELS_MAX),
        },
        Some("invalid-argument") => EngineError::InvalidArgument { detail },
        Some("overloaded") => {
            EngineError::Overloaded { retry_after_ms: number(status, RETRY_AFTER_KEY).unwrap_or(1_000) }
        }
        Some("unavailable") => EngineError::Unavailable { detail },
        Some("internal") => EngineError::Internal { detail },
        _ if status.code() == Code::ResourceExhausted => EngineError::Overloaded { retry_after_ms: 1_000 },
        _ => EngineError::Unavailable { detail: format!("{}: {detail}", status.code()) },
    }
}

fn text<'a>(status: &'a Status, key: &str) -> Option<&'a str> {
    status.metadata().get(key)?.to_str().ok()
}

fn number<N: FromStr>(status: &Status, key: &str) -> Option<N> {
    text(status, key)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// N10: callers cannot tell a local engine from a remote one, not even by its errors.
    #[test]
    fn every_error_survives_the_wire() {
        let errors = [
            EngineError::EmptyImage,
            EngineError::UnsupportedFormat,
            EngineError::UndecodableImage { detail: "unexpected end".into() },
            EngineError::AnimatedImage,
            EngineError::TooManyBytes { bytes_max: 7 },
            EngineError::TooManyPixels { width: 3, height: 4, pixels_max: 5 },
            EngineError::InvalidArgument { detail: "min_face_px must be 12 or more".into() },
            EngineError::Overloaded { retry_after_ms: 250 },
            EngineError::Unavailable { detail: "x".into() },
            EngineError::Internal { detail: "x".into() },
        ];
        for error in errors {
            assert_eq!(read_error(&write_error(&error)), error);
        }
    }
}
