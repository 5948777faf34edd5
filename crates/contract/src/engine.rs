//! The face engine's contract: the trait, its messages (generated from `proto/prosopa/engine/v1`), its errors.

mod calibration;
mod grpc;
mod redacted;

use async_trait::async_trait;

pub use self::{
    calibration::{Band, Reading},
    grpc::{EngineClient, serve_engine},
    messages::{
        AnalyzeFacesRequest, AnalyzeFacesResponse, BoundingBox, CalendarDate, Calibration, CalibrationPoint,
        DescribeModelsRequest, DescribeModelsResponse, Face, ImageFormat, ImageInfo, MachineReadableZone,
        Point, Quality, ReadDocumentRequest, ReadDocumentResponse, ReadingTimings, RepairReason,
        StageTimings, TextLine, ZoneCheck, ZoneField, ZoneFieldName, ZoneFormat, ZoneLine, ZoneProblem,
        ZoneProblemKind, ZoneRepair,
    },
};

#[expect(
    missing_docs,
    clippy::doc_markdown,
    unreachable_pub,
    reason = "generated; documented in the .proto file"
)]
mod messages {
    tonic::include_proto!("prosopa.engine.v1");
}

/// Largest encoded picture the engine takes, in bytes (20 MiB).
pub const IMAGE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Largest picture the engine decodes, in pixels (50 megapixels).
pub const IMAGE_PIXELS_MAX: u64 = 50_000_000;

impl ImageFormat {
    /// What the first bytes say they are; none if they are nothing the engine reads.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else {
            None
        }
    }
}

/// Finds, aligns and embeds faces, and reads documents. Implemented by the engine service and by [`EngineClient`].
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Decodes one picture and finds the faces in it.
    ///
    /// Dropping the future takes the work out of the queue before it reaches the device.
    async fn analyze_faces(&self, request: AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError>;

    /// Decodes one picture of a document and reads the text in it.
    ///
    /// Dropping the future takes the work out of the queue before it reaches the device.
    async fn read_document(&self, request: ReadDocumentRequest) -> Result<ReadDocumentResponse, EngineError>;

    /// Says which model pack is loaded.
    async fn describe_models(&self) -> Result<DescribeModelsResponse, EngineError>;
}

/// Why the engine gave no answer. The same values arrive whether the engine is in this process or behind gRPC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The picture has no bytes.
    #[error("the picture is empty")]
    EmptyImage,
    /// The bytes are no encoding the engine reads.
    #[error("the bytes are not a JPEG, PNG or WebP picture")]
    UnsupportedFormat,
    /// The encoding is known but the data are truncated or damaged.
    #[error("the picture cannot be decoded: {detail}")]
    UndecodableImage {
        /// What the decoder said.
        detail: String,
    },
    /// The picture has several frames.
    #[error("the picture is animated")]
    AnimatedImage,
    /// More encoded bytes than [`IMAGE_BYTES_MAX`].
    #[error("the picture has more than {bytes_max} bytes")]
    TooManyBytes {
        /// The limit, bytes.
        bytes_max: u64,
    },
    /// More pixels than [`IMAGE_PIXELS_MAX`], told from the header before anything is decoded.
    #[error("the picture has {width} x {height} pixels, more than {pixels_max}")]
    TooManyPixels {
        /// Width named by the header.
        width: u32,
        /// Height named by the header.
        height: u32,
        /// The limit, pixels.
        pixels_max: u64,
    },
    /// A parameter is out of range.
    #[error("{detail}")]
    InvalidArgument {
        /// Which, and what is allowed.
        detail: String,
    },
    /// The queue is full; the request was refused at the door.
    #[error("the engine is busy")]
    Overloaded {
        /// When to try again, milliseconds.
        retry_after_ms: u64,
    },
    /// The engine cannot be reached or is shutting down.
    #[error("the engine is unavailable: {detail}")]
    Unavailable {
        /// Cause, for the log.
        detail: String,
    },
    /// A fault inside the engine.
    #[error("the engine failed: {detail}")]
    Internal {
        /// Cause, for the log.
        detail: String,
    },
}
