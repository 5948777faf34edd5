//! Uploads: a picture is kept by itself, once for each subject and its bytes.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;

use prosopa_contract::engine::{AnalyzeFacesRequest, ImageFormat, ImageInfo};
use prosopa_model::{AccountId, ImageId, SubjectId, Timestamp};
use prosopa_store::idempotency;
use prosopa_vault::VaultError;

use super::{Details, StoredImage, check_type, describe, discard, without_metadata};
use crate::{
    budget::Claim,
    error::Error,
    image_kind::ImageKind,
    metadata::{self, CaptureField},
    once,
    state::State,
    store::{self, images::ImageRow},
    subjects::{self, Subject},
};

/// A picture that is to be kept.
pub(crate) struct NewImage {
    pub(crate) account_id: AccountId,
    pub(crate) kind: ImageKind,
    pub(crate) picture: Bytes,
    /// The type that was declared; none where the bytes shall speak.
    pub(crate) declared: Option<ImageFormat>,
    /// The caller's own name of the person; none where the upload is a subject of its own.
    pub(crate) subject: Option<String>,
    /// What is kept beside it, but for what the camera wrote.
    pub(crate) details: Details,
    /// What of that is wanted.
    pub(crate) capture: Vec<CaptureField>,
    /// When it is to be removed.
    pub(crate) delete_at: Option<Timestamp>,
    /// The room that the picture takes for as long as this lives.
    pub(crate) claim: Claim,
    /// The right to do a request that may be sent again.
    pub(crate) once: Option<idempotency::Claim>,
}

/// A picture that is kept.
pub(crate) enum Kept {
    /// It was not there before.
    New(StoredImage),
    /// An upload before had the same subject and the same bytes; what it said of them stays.
    Known(StoredImage),
}

/// Keeps a picture, which the engine has decoded to its end, unless it is kept already.
pub(crate) async fn keep(state: &State, new: NewImage) -> Result<Kept, Error> {
    check_type(new.declared, &new.picture)?;
    let info = decode(state, new.account_id, &new.picture).await?;
    // A caller who goes away now must not leave a picture without its row: what has begun is finished.
    tokio::spawn(write(state.clone(), new, info)).await.map_err(Error::Broken)?
}

/// Has the engine decode a picture: what is kept can be looked at later.
async fn decode(state: &State, account_id: AccountId, picture: &Bytes) -> Result<ImageInfo, Error> {
    let request = AnalyzeFacesRequest {
        image: picture.clone(),
        account_id: account_id.to_string(),
        decode_only: true,
        ..AnalyzeFacesRequest::default()
    };
    let info = state.engine.analyze_faces(request).await?.image;
    info.filter(|info| info.width > 0 && info.height > 0).ok_or(Error::NoSize)
}

async fn write(state: State, new: NewImage, info: ImageInfo) -> Result<Kept, Error> {
    let NewImage { account_id, kind, picture, subject: reference, delete_at, .. } = new;
    let mut details = new.details;
    let sent = picture.clone();
    let read = move || metadata::read_capture(&sent, &new.capture);
    details.capture = tokio::task::spawn_blocking(read).await.map_err(Error::Broken)?;
    let picture = without_metadata(picture).await?;
    let image = describe(ImageId::new(), &picture, &info).await?;

    let named = match &reference {
        Some(reference) => Some(choose(&state, account_id, Some(reference)).await?),
        None => None,
    };
    let upload_key = upload_key(named.map(|subject| subject.id), &image.sha256);
    if let Some(known) = find_known(&state, account_id, &upload_key, new.once.as_ref()).await? {
        return Ok(known);
    }
    let subject = match named {
        Some(subject) => subject,
        None => choose(&state, account_id, None).await?,
    };
    let id = image.id;
    let keep = async {
        let sealed = details.seal(&state.vault, subject.id, id).await?;
        state.vault.put_blob(subject.id, &id.to_string(), picture).await?;
        drop(new.claim);
        let row = ImageRow::new(image, account_id, kind, subject, state.clock.now());
        let row = ImageRow { details: Some(sealed), delete_at, ..row };
        let mut tx = state.database.begin().await?;
        if !store::images::insert(&mut tx, &row, Some(&upload_key)).await? {
            return Ok::<_, Error>(None);
        }
        once::finish(&mut tx, new.once.as_ref(), &id.to_string()).await?;
        tx.commit().await?;
        Ok(Some(row))
    };
    match keep.await {
        Ok(Some(row)) => Ok(Kept::New(StoredImage::new(row, Some(details)))),
        outcome => {
            discard(&state, account_id, id, Some(subject)).await;
            outcome?;
            // Somebody was faster with the same picture.
            let known = find_known(&state, account_id, &upload_key, new.once.as_ref()).await?;
            known.ok_or(Error::Raced)
        }
    }
}

async fn choose(state: &State, account_id: AccountId, reference: Option<&str>) -> Result<Subject, Error> {
    subjects::choose(state, account_id, reference).await.map_err(|error| match error {
        Error::Vault(VaultError::Reference) => Error::SubjectField,
        other => other,
    })
}

/// The picture of an upload with this key, unless its subject is erased.
async fn find_known(
    state: &State,
    account_id: AccountId,
    upload_key: &[u8],
    claim: Option<&idempotency::Claim>,
) -> Result<Option<Kept>, Error> {
    let Some(row) = store::images::find_upload(&state.database, account_id, upload_key).await? else {
        return Ok(None);
    };
    let known = match super::open_details(state, row).await {
        Err(Error::NoImage(_)) => return Ok(None),
        known => known?,
    };
    let mut tx = state.database.begin().await?;
    once::finish(&mut tx, claim, &known_name(known.id)).await?;
    tx.commit().await?;
    Ok(Some(Kept::Known(known)))
}

/// What names, for repetitions of a request, a picture that was there before.
fn known_name(id: ImageId) -> String {
    format!("{KNOWN_PREFIX}{id}")
}

const KNOWN_PREFIX: &str = "known:";

/// Which picture a request that was sent before has kept or found.
pub(crate) async fn replay(state: &State, account_id: AccountId, resource_id: &str) -> Result<Kept, Error> {
    let known = resource_id.strip_prefix(KNOWN_PREFIX);
    let id: ImageId = known.unwrap_or(resource_id).parse().map_err(|_| Error::UnknownResource)?;
    let image = super::get(state, account_id, id).await?;
    Ok(if known.is_some() { Kept::Known(image) } else { Kept::New(image) })
}

/// SHA-256 of the named subject, or of none, and the picture's own digest.
fn upload_key(named: Option<SubjectId>, sha256: &str) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(named.map_or_else(uuid::Uuid::nil, SubjectId::uuid).as_bytes());
    context.update(sha256.as_bytes());
    context.finish().as_ref().to_vec()
}
