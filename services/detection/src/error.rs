//! What can go wrong here, and how callers see it.

use std::time::Duration;

use prosopa_contract::engine::EngineError;
use prosopa_model::{DetectionId, ImageId};
use prosopa_problem::{Code, Problem};
use prosopa_vault::{BlobError, OpenError, VaultError};

/// What a caller's own name of a person has to be.
const SUBJECT_RULE: &str = "must be 1 to 200 characters without control characters";

/// A detection or picture cannot be made, found or given back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The engine refused the picture or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The picture is of another type than was declared.
    #[error("the picture is {actual}, declared was {declared}")]
    OtherType { declared: &'static str, actual: &'static str },
    /// Too many bytes of pictures are in memory.
    #[error("too many pictures are in transit")]
    NoRoom,
    /// The engine did not say how large the picture is.
    #[error("the engine gave no size of the picture")]
    NoSize,
    /// The work on a picture ended in the middle.
    #[error("the work on a picture broke off")]
    Broken(#[source] tokio::task::JoinError),
    /// There is no such detection, or it is someone else's.
    #[error("there is no detection {0}")]
    NoDetection(DetectionId),
    /// There is no such picture, or it is someone else's.
    #[error("there is no image {0}")]
    NoImage(ImageId),
    /// Findings cannot be written, or what was stored cannot be read again.
    #[error("the findings of {id} cannot be kept or read")]
    Findings {
        id: DetectionId,
        #[source]
        source: FindingsError,
    },
    /// What was said of a picture cannot be written, or what was stored cannot be read again.
    #[error("the details of {id} cannot be kept or read")]
    Details {
        id: ImageId,
        #[source]
        source: serde_json::Error,
    },
    /// The caller's own name of a person, in a form, is not acceptable.
    #[error("the name of the subject is not acceptable")]
    SubjectField,
    /// The same picture is being kept, or removed, by another request.
    #[error("the same picture is being kept or removed at this moment")]
    Raced,
    /// What was noted of a request that is sent again cannot be read.
    #[error("a request's result cannot be found again")]
    UnknownResource,
    /// What a job is to do cannot be written down.
    #[error("the job's input cannot be written")]
    Input(#[source] serde_json::Error),
    /// A job cannot be enqueued or waited for.
    #[error(transparent)]
    Job(#[from] prosopa_jobs::Error),
    /// Another request with the same key has taken over.
    #[error("another request with the same key has taken over")]
    Superseded,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
    /// The blobs failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// Something cannot be sealed or opened for its subject, or the subject is erased.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Why findings cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindingsError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => engine_problem(error),
            Error::OtherType { .. } => {
                Self::new(Code::UnsupportedMediaType).with_detail(error.to_string()).with_cause(error)
            }
            Error::NoRoom => Self::new(Code::Overloaded)
                .with_detail(error.to_string())
                .with_retry_after(Duration::from_secs(2)),
            Error::NoDetection(_) | Error::NoImage(_) => Self::new(Code::NotFound),
            Error::Superseded => prosopa_http::key_in_use(),
            Error::Store(error) => error.into(),
            Error::Job(error) => error.into(),
            Error::Blob(error) => error.into(),
            Error::Raced => Self::new(Code::Overloaded)
                .with_detail(error.to_string())
                .with_retry_after(Duration::from_secs(1)),
            Error::Vault(VaultError::Reference) => Self::invalid("?subject_id", SUBJECT_RULE),
            Error::SubjectField => Self::invalid("/subject_id", SUBJECT_RULE),
            Error::Vault(error) => error.into(),
            Error::NoSize
            | Error::Broken(_)
            | Error::Input(_)
            | Error::Findings { .. }
            | Error::Details { .. }
            | Error::UnknownResource => Self::internal(error),
        }
    }
}

fn engine_problem(error: EngineError) -> Problem {
    let detail = error.to_string();
    let with_detail = |code| Problem::new(code).with_detail(detail.clone());
    match error {
        EngineError::EmptyImage => with_detail(Code::ImageEmpty),
        EngineError::UnsupportedFormat => with_detail(Code::UnsupportedMediaType),
        EngineError::UndecodableImage { .. } => with_detail(Code::ImageUndecodable),
        EngineError::AnimatedImage => with_detail(Code::ImageAnimated),
        EngineError::TooManyBytes { bytes_max } => {
            with_detail(Code::BodyTooLarge).with_member("bytes_max", bytes_max)
        }
        EngineError::TooManyPixels { width, height, pixels_max } => with_detail(Code::ImageTooLarge)
            .with_member("width", width)
            .with_member("height", height)
            .with_member("pixels_max", pixels_max),
        EngineError::InvalidArgument { .. } => with_detail(Code::ValidationFailed),
        EngineError::Overloaded { retry_after_ms } => {
            with_detail(Code::Overloaded).with_retry_after(Duration::from_millis(retry_after_ms))
        }
        EngineError::Unavailable { .. } => Problem::new(Code::Unavailable)
            .with_detail("the face engine cannot be reached")
            .with_retry_after(Duration::from_secs(2))
            .with_cause(error),
        EngineError::Internal { .. } => Problem::internal(error),
    }
}
