//! Identity documents: read by the engine, judged by what both of their zones say, kept, given back, deleted.
//!
//! It is told what is written on a document and whether that is in order, not whether somebody forged it.

mod answer;
mod fields;
mod judgement;
mod printed;
mod read;
mod reading;
mod zone;

use std::collections::BTreeSet;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, DocumentId, ImageId};

use self::{answer::assemble, read::context};
pub(crate) use self::{
    answer::{Document, DocumentSummary, Portrait},
    judgement::DocumentResult,
    read::{NewDocument, Read, look, read},
};
use crate::{
    error::Error,
    images, sealed,
    state::State,
    store::{self, documents::DocumentRow},
};

/// One page of an account's documents, newest first.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<DocumentSummary>, Error> {
    let page = store::documents::list(&state.database, account_id, request).await?;
    Ok(page.map(|row| DocumentSummary {
        id: row.id,
        created_at: row.created_at,
        front_image_id: row.image_id,
        sides: row.sides,
        model_digest: row.model_digest,
    }))
}

/// One document of an account; anybody else's is told not to exist, as is one of an erased person.
pub(crate) async fn get(state: &State, account_id: AccountId, id: DocumentId) -> Result<Document, Error> {
    let Opened { row, facts, readings } = open(state, account_id, id).await?;
    Ok(assemble(&row, facts, readings))
}

/// The pictures of a document, the front first.
pub(crate) async fn images_of(
    state: &State,
    account_id: AccountId,
    id: DocumentId,
) -> Result<Vec<store::images::ImageRow>, Error> {
    let mut images = Vec::new();
    for side in store::documents::list_sides(&state.database, id).await? {
        let image = store::images::find(&state.database, account_id, side.image_id).await?;
        images.push(image.ok_or(Error::NoSuchDocument(id))?);
    }
    Ok(images)
}

/// A document that is kept, with the embedding of its portrait.
pub(crate) struct Kept {
    pub(crate) document: Document,
    pub(crate) portrait: Option<(Portrait, Vec<f32>)>,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(crate) model_digest: String,
}

/// The same with the portrait's embedding, which is shown to nobody.
pub(crate) async fn get_with_portrait(
    state: &State,
    account_id: AccountId,
    id: DocumentId,
) -> Result<Kept, Error> {
    let Opened { row, facts, readings } = open(state, account_id, id).await?;
    let portrait = answer::portrait_of(readings.iter().map(|(_, reading)| reading));
    let portrait = portrait.map(|(portrait, embedding)| (portrait, embedding.to_vec()));
    let model_digest = row.model_digest.clone();
    Ok(Kept { document: assemble(&row, facts, readings), portrait, model_digest })
}

struct Opened {
    row: DocumentRow,
    facts: answer::Facts,
    readings: Vec<(ImageId, reading::Reading)>,
}

async fn open(state: &State, account_id: AccountId, id: DocumentId) -> Result<Opened, Error> {
    let none = || Error::NoSuchDocument(id);
    let row = store::documents::find(&state.database, account_id, id).await?.ok_or_else(none)?;
    let sides = store::documents::list_sides(&state.database, id).await?;
    if sides.len() as u64 != row.sides {
        // It was deleted between the two readings.
        return Err(none());
    }
    let facts = sealed::open(state, row.subject_id, &context(id, None), row.facts.clone()).await?;
    let mut readings = Vec::with_capacity(sides.len());
    for (index, side) in sides.into_iter().enumerate() {
        let reading = sealed::open(state, side.subject_id, &context(id, Some(index)), side.reading).await?;
        readings.push((side.image_id, reading.ok_or_else(none)?));
    }
    Ok(Opened { row, facts: facts.ok_or_else(none)?, readings })
}

/// Deletes a document with the verifications of it, and those of its pictures that were not uploaded by themselves and in which
/// nothing else is left.
pub(crate) async fn delete(state: &State, account_id: AccountId, id: DocumentId) -> Result<(), Error> {
    store::documents::find(&state.database, account_id, id).await?.ok_or(Error::NoSuchDocument(id))?;
    let sides = store::documents::list_sides(&state.database, id).await?;
    let selfies = store::verifications::list_selfies(&state.database, id).await?;
    let pictures: BTreeSet<ImageId> = sides.iter().map(|side| side.image_id).chain(selfies).collect();
    let mut held = images::Held::new(state, account_id, pictures).await?;
    if !store::documents::delete(held.tx(), account_id, id).await? {
        return Err(Error::NoSuchDocument(id));
    }
    held.let_go(state).await
}
