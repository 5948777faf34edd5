//! Pictures: what is kept of them and who may have them back.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use prosopa_contract::engine::{ImageFormat, ImageInfo};
use prosopa_model::{AccountId, ImageId, SubjectId};
use prosopa_vault::{BlobError, VaultError};

use crate::{
    budget::Claim,
    error::Error,
    metadata,
    state::State,
    store,
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

/// A picture's bytes and what they are; counted against the budget for as long as this lives.
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Bytes,
    pub(crate) claim: Claim,
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

/// Gives a picture to its owner; anybody else is told that there is none.
pub(crate) async fn get_content(state: &State, account_id: AccountId, id: ImageId) -> Result<Content, Error> {
    let stored = store::images::find(&state.database, account_id, id).await?;
    let stored = stored.ok_or(Error::NoImage(id))?;
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

/// Spoken and stored name of a format.
pub(crate) const fn format_name(format: ImageFormat) -> &'static str {
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
