//! Pictures: what is kept of them and who may have them back.

mod details;
mod held;
mod uploads;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use prosopa_contract::engine::{ImageFormat, ImageInfo};
use prosopa_http::Page;
use prosopa_model::{AccountId, ImageId, SubjectId, Timestamp};
use prosopa_vault::{BlobError, VaultError};

pub(crate) use self::{
    details::{Details, parse_metadata},
    held::Held,
    uploads::{Kept, NewImage, keep, replay},
};
use crate::{
    budget::Claim,
    erasures,
    error::Error,
    image_kind::ImageKind,
    metadata::{self, Capture},
    state::State,
    store::{
        self,
        images::{ImageFilter, ImageRow},
    },
    subjects::{self, Subject},
};

/// A stored picture.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Image {
    /// The picture's id; its bytes are at `/api/v1/images/{id}/content`.
    #[schema(value_type = String, example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(crate) id: ImageId,
    /// SHA-256 of the bytes as kept, without metadata, hexadecimal.
    pub(crate) sha256: String,
    /// Pixels across, upright.
    pub(crate) width: u64,
    /// Pixels down, upright.
    pub(crate) height: u64,
    /// `jpeg`, `png` or `webp`.
    #[schema(example = "jpeg")]
    pub(crate) format: String,
    /// Size as kept.
    pub(crate) bytes: u64,
}

/// A stored picture with what was said of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredImage {
    /// The picture's id; its bytes are at `/api/v1/images/{id}/content`.
    #[schema(value_type = String, example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(crate) id: ImageId,
    /// What it is of.
    #[serde(rename = "type")]
    kind: ImageKind,
    /// When it was kept.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From then on it is removed, with all that was found in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    delete_at: Option<Timestamp>,
    /// Whose it is: the person whom the request named, else the upload by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "sub_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    subject: Option<SubjectId>,
    /// SHA-256 of the bytes as kept, without metadata, hexadecimal.
    sha256: String,
    /// Pixels across, upright.
    width: u64,
    /// Pixels down, upright.
    height: u64,
    /// `jpeg`, `png` or `webp`.
    #[schema(example = "jpeg")]
    format: String,
    /// Size as kept.
    bytes: u64,
    /// The caller's own; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// The consent that the caller named; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_id: Option<String>,
    /// What the camera wrote of what was asked for; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<Capture>,
}

/// A picture's bytes and what they are; counted against the budget for as long as this lives.
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Bytes,
    pub(crate) claim: Claim,
}

impl StoredImage {
    fn new(row: ImageRow, details: Option<Details>) -> Self {
        let (metadata, consent_id, capture) = match details {
            Some(Details { metadata, consent_id, capture }) => (Some(metadata), consent_id, Some(capture)),
            None => (None, None, None),
        };
        Self {
            id: row.id,
            kind: row.kind,
            created_at: row.created_at,
            delete_at: row.delete_at,
            subject: row.subject_id,
            sha256: row.sha256,
            width: row.width,
            height: row.height,
            format: row.format,
            bytes: row.bytes,
            metadata,
            consent_id,
            capture,
        }
    }
}

impl ImageRow {
    /// The row of a picture of which nothing more is said.
    pub(crate) fn new(
        image: Image,
        account_id: AccountId,
        kind: ImageKind,
        subject: Subject,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id: image.id,
            account_id,
            kind,
            sha256: image.sha256,
            width: image.width,
            height: image.height,
            format: image.format,
            bytes: image.bytes,
            created_at,
            subject_id: Some(subject.id),
            is_subject_named: subject.is_named,
            details: None,
            delete_at: None,
        }
    }

    /// Whose it is; none of a row from before there were subjects.
    pub(crate) fn subject(&self) -> Option<Subject> {
        self.subject_id.map(|id| Subject { id, is_named: self.is_subject_named })
    }
}

/// The picture as it is kept: without what the camera wrote beside it. Off the runtime's threads, since a large one takes
/// a while.
pub(crate) async fn without_metadata(picture: Bytes) -> Result<Bytes, Error> {
    tokio::task::spawn_blocking(move || metadata::strip(&picture)).await.map_err(Error::Broken)
}

/// Describes a picture that is about to be kept.
pub(crate) async fn describe(id: ImageId, picture: &Bytes, info: &ImageInfo) -> Result<Image, Error> {
    Ok(Image {
        id,
        sha256: hash(picture.clone()).await?,
        width: info.width.into(),
        height: info.height.into(),
        format: format_name(info.format()).to_owned(),
        bytes: picture.len() as u64,
    })
}

/// One page of an account's pictures, newest first.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    filter: ImageFilter,
) -> Result<Page<StoredImage>, Error> {
    let page = store::images::list(&state.database, account_id, filter).await?;
    Ok(page.map(|row| StoredImage::new(row, None)))
}

/// A picture's row; anybody else's is told not to exist.
pub(crate) async fn find(state: &State, account_id: AccountId, id: ImageId) -> Result<ImageRow, Error> {
    store::images::find(&state.database, account_id, id).await?.ok_or(Error::NoImage(id))
}

/// One picture of an account with what was said of it.
pub(crate) async fn get(state: &State, account_id: AccountId, id: ImageId) -> Result<StoredImage, Error> {
    open_details(state, find(state, account_id, id).await?).await
}

/// The subject's picture; one of an erased subject is told not to exist.
async fn open_details(state: &State, mut row: ImageRow) -> Result<StoredImage, Error> {
    let id = row.id;
    let opened = match (row.subject_id, row.details.take()) {
        (Some(subject_id), Some(sealed)) => {
            Details::open(&state.vault, subject_id, id, sealed).await.map(Some)
        }
        (Some(subject_id), None) => {
            state.vault.require_living(subject_id).await.map(|()| None).map_err(Error::from)
        }
        (None, _) => Ok(None),
    };
    match opened {
        Ok(details) => Ok(StoredImage::new(row, details)),
        Err(Error::Vault(VaultError::Erased(_) | VaultError::NoSubject(_))) => Err(Error::NoImage(id)),
        Err(error) => Err(error),
    }
}

/// Deletes a picture with all that was found in it. Its rows go first, so that nobody is promised what is gone; bytes that
/// stay behind are swept.
pub(crate) async fn delete(state: &State, account_id: AccountId, id: ImageId) -> Result<(), Error> {
    let row = find(state, account_id, id).await?;
    Ok(remove(state, &row).await?)
}

/// The same, of a row that was read.
pub(crate) async fn remove(state: &State, row: &ImageRow) -> Result<(), prosopa_store::Error> {
    erasures::remove(state, row.account_id, &[row.id]).await?;
    subjects::let_go(state, row.account_id, row.subject()).await;
    Ok(())
}

/// Gives a picture to its owner; anybody else is told that there is none.
pub(crate) async fn get_content(state: &State, account_id: AccountId, id: ImageId) -> Result<Content, Error> {
    let stored = find(state, account_id, id).await?;
    let claim = state.budget.claim(stored.bytes).await?;
    // It may have been deleted a moment ago.
    let bytes = open(state, stored.subject_id, id).await?;
    Ok(Content { media_type: media_type(&stored.format), bytes: bytes.into(), claim })
}

/// A picture's bytes. Without a subject: from before there were any.
pub(crate) async fn open(
    state: &State,
    subject_id: Option<SubjectId>,
    id: ImageId,
) -> Result<Vec<u8>, Error> {
    let name = id.to_string();
    let opened = match subject_id {
        Some(subject_id) => state.vault.get_blob(subject_id, &name).await,
        None => state.blobs.get(&name).await.map_err(VaultError::from),
    };
    opened.map_err(|error| match error {
        VaultError::Blob(BlobError::Missing(_)) | VaultError::Erased(_) => Error::NoImage(id),
        other => other.into(),
    })
}

/// Removes a picture that has no row, and the key of an upload; what cannot be removed now is swept later.
pub(crate) async fn discard(state: &State, account_id: AccountId, id: ImageId, subject: Option<Subject>) {
    subjects::let_go(state, account_id, subject).await;
    if let Err(error) = state.blobs.delete(&id.to_string()).await {
        tracing::warn!(%error, image_id = %id, "picture without a row waits for the sweep");
    }
}

/// Refuses bytes that say they are something else; what says nothing is the engine's to judge.
pub(crate) fn check_type(declared: Option<ImageFormat>, picture: &[u8]) -> Result<(), Error> {
    match (declared, ImageFormat::of_bytes(picture)) {
        (Some(declared), Some(actual)) if declared != actual => {
            Err(Error::OtherType { declared: format_name(declared), actual: format_name(actual) })
        }
        _ => Ok(()),
    }
}

/// Spoken and stored name of a format.
const fn format_name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "jpeg",
        ImageFormat::Png => "png",
        ImageFormat::Webp => "webp",
        ImageFormat::Unspecified => "unknown",
    }
}

fn media_type(format_name: &str) -> &'static str {
    match format_name {
        "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

/// SHA-256, hexadecimal; off the runtime's threads, since a large picture takes a while.
async fn hash(picture: Bytes) -> Result<String, Error> {
    let digest = tokio::task::spawn_blocking(move || digest(&SHA256, &picture)).await;
    Ok(digest.map_err(Error::Broken)?.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}
