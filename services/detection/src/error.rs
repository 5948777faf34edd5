//! What can go wrong here, and how callers see it.

use std::time::Duration;

use prosopa_contract::engine::EngineError;
use prosopa_model::{DetectionId, DocumentId, ImageId, MatchId, VerificationId};
use prosopa_problem::{Code, Problem};
use prosopa_vault::{BlobError, OpenError, VaultError};

use crate::fetching::FetchError;

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
    /// What was found cannot be written, or what was stored cannot be read again.
    #[error("{context} cannot be kept or read")]
    Sealed {
        context: String,
        #[source]
        source: SealedError,
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
    /// A picture cannot be fetched from an address.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was noted of a request that is sent again cannot be read.
    #[error("a request's result cannot be found again")]
    UnknownResource,
    /// There is no such match, or it is someone else's.
    #[error("there is no match {0}")]
    NoMatch(MatchId),
    /// There is no such document, or it is someone else's.
    #[error("there is no document {0}")]
    NoSuchDocument(DocumentId),
    /// There is no such verification, or it is someone else's.
    #[error("there is no verification {0}")]
    NoVerification(VerificationId),
    /// The pictures show no document.
    #[error("there is no text of a document in this picture")]
    NoDocument,
    /// A picture, or two that should be sides of one, show several documents.
    #[error("there is more than one document")]
    SeveralDocuments,
    /// Both sides of a document are one picture.
    #[error("must be another picture than the front")]
    SameSide,
    /// A document has no portrait that could be compared.
    #[error("there is no portrait on this document")]
    NoPortrait,
    /// What is wrong with one of several things of a request.
    #[error("{pointer}: {source}")]
    At { pointer: String, source: Box<Error> },
    /// The text names no picture.
    #[error("there is no such image")]
    NoSuchImage,
    /// A face is needed.
    #[error("there is no face in this picture")]
    NoFace,
    /// There may be one face only.
    #[error("there are {faces_found} faces in this picture")]
    SeveralFaces { faces_found: usize },
    /// There are not so many faces.
    #[error("there are {faces_found} faces in this picture, the first one is 0")]
    NoSuchFace { faces_found: usize },
    /// A false match rate is none.
    #[error("must be above 0 and at most 0.5")]
    FmrRange,
    /// A false match rate is lower than the calibration can promise.
    #[error("must be at least {least}: fewer false matches cannot be promised by what was measured")]
    FmrUntrusted { least: f64 },
    /// The model pack does not say what distances mean.
    #[error("the models are not calibrated")]
    NotCalibrated,
    /// The engine gave faces that cannot be compared.
    #[error("the engine gave no embeddings of one length")]
    NoEmbedding,
    /// The engine is changing its models.
    #[error("the engine is changing its models")]
    ModelsChanged,
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

/// Why something that is sealed cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealedError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// Says which of several things of a request it is about.
    pub(crate) fn at(self, pointer: impl Into<String>) -> Self {
        Self::At { pointer: pointer.into(), source: Box::new(self) }
    }
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
            Error::NoDetection(_)
            | Error::NoImage(_)
            | Error::NoMatch(_)
            | Error::NoSuchDocument(_)
            | Error::NoVerification(_)
            | Error::NoSuchImage => Self::new(Code::NotFound),
            Error::NoDocument => Self::new(Code::NoDocument),
            Error::SeveralDocuments => Self::new(Code::SeveralDocuments),
            Error::SameSide => Self::new(Code::ValidationFailed).with_detail(error.to_string()),
            Error::At { pointer, source } => at_place(pointer, *source),
            Error::NoFace | Error::NoPortrait => Self::new(Code::NoFace),
            Error::SeveralFaces { faces_found } => {
                Self::new(Code::SeveralFaces).with_member("faces_found", faces_found)
            }
            Error::NoSuchFace { .. } => Self::new(Code::ValidationFailed).with_detail(error.to_string()),
            Error::Fetch(error) => Self::invalid("/image_url", error.to_string()),
            Error::FmrRange => Self::invalid("/max_fmr", error.to_string()),
            Error::FmrUntrusted { least } => {
                Self::invalid("/max_fmr", error.to_string()).with_member("max_fmr_min", least)
            }
            Error::NotCalibrated => Self::new(Code::NotCalibrated),
            Error::ModelsChanged => Self::new(Code::Unavailable)
                .with_detail(error.to_string())
                .with_retry_after(Duration::from_secs(1)),
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
            | Error::Sealed { .. }
            | Error::NoEmbedding
            | Error::Details { .. }
            | Error::UnknownResource => Self::internal(error),
        }
    }
}

/// The problem of one of several things of a request; those that are about no thing of it stay as they are.
fn at_place(pointer: String, error: Error) -> Problem {
    let words = match &error {
        // Whether it is another's is nobody's business.
        Error::NoImage(_) | Error::NoSuchImage | Error::Vault(_) => Error::NoSuchImage.to_string(),
        Error::NoSuchDocument(_) => "there is no such document".to_owned(),
        other => other.to_string(),
    };
    let problem = Problem::from(error);
    if problem.code().status().is_client_error() { problem.with_error(pointer, words) } else { problem }
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
