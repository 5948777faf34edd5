//! The reading itself: the engine reads each side, and what the sides say together is worked out and sealed.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use prosopa_contract::engine::{CalendarDate, ReadDocumentRequest};
use prosopa_model::{AccountId, DocumentId, ImageId, UserId};
use prosopa_store::Tx;

use super::{
    answer::{Document, Facts, Portrait, SIDES, assemble, portrait_of},
    fields,
    judgement::{DocumentResult, Judgement},
    reading::Reading,
    zone::DocumentType,
};
use crate::{
    billing::{self, Charge, DOCUMENTS_READING},
    error::Error,
    images, sealed,
    state::State,
    store::{
        self,
        documents::{DocumentRow, SideRow},
        images::ImageRow,
    },
    work::Work,
};

/// Pictures with fewer letters and digits than this, and without a zone, show no document.
const CHARACTERS_MIN: usize = 8;

/// Kept pictures of a document that is to be read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewDocument {
    pub(crate) user_id: UserId,
    pub(crate) front: ImageId,
    pub(crate) back: Option<ImageId>,
}

/// What is to be written of a document.
pub(crate) struct Read {
    row: DocumentRow,
    sides: Vec<SideRow>,
    facts: Facts,
    readings: Vec<(ImageId, Reading)>,
    pub(crate) charge: Charge,
}

/// The model's answers for the sides of a document.
pub(crate) struct Looked {
    readings: Vec<Reading>,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(crate) model_digest: String,
    /// Processor time that it took the engine.
    pub(crate) cpu_us: u64,
}

#[async_trait]
impl Work for NewDocument {
    const JOB_KIND: &'static str = "read-document";
    const PATH: &'static str = "/api/v1/documents";
    type Id = DocumentId;
    type Done = Read;
    type Shown = Document;

    fn user_id(&self) -> UserId {
        self.user_id
    }

    async fn perform(&self, state: &State, account_id: AccountId) -> Result<Read, Error> {
        read(state, account_id, self, ["/front", "/back"]).await
    }

    async fn write(
        done: &Read,
        state: &State,
        tx: &mut Tx,
        account_id: AccountId,
    ) -> Result<DocumentId, Error> {
        done.insert(tx, account_id, BTreeSet::new()).await?;
        billing::publish(state, tx, &done.charge).await?;
        Ok(done.id())
    }

    fn show(done: Read) -> Document {
        done.into_document()
    }

    async fn get(state: &State, account_id: AccountId, id: DocumentId) -> Result<Document, Error> {
        super::get(state, account_id, id).await
    }
}

/// Reads a document of kept pictures of the account; `pointers` are where the request names its sides.
pub(crate) async fn read(
    state: &State,
    account_id: AccountId,
    new: &NewDocument,
    pointers: [&str; 2],
) -> Result<Read, Error> {
    if new.back == Some(new.front) {
        return Err(Error::SameSide.at(pointers[1]));
    }
    let mut images = Vec::new();
    for (id, pointer) in std::iter::once(new.front).chain(new.back).zip(pointers) {
        let image = images::find(state, account_id, id).await;
        images.push(image.map_err(|error| error.at(pointer))?);
    }
    let looked = look(state, &images, pointers).await?;
    Read::new(state, new.user_id, &images, looked).await
}

/// Has the engine read these sides.
pub(crate) async fn look(state: &State, images: &[ImageRow], pointers: [&str; 2]) -> Result<Looked, Error> {
    let mut looked = Looked { readings: Vec::new(), model_digest: String::new(), cpu_us: 0 };
    for (image, pointer) in images.iter().zip(pointers) {
        looked.add(state, image).await.map_err(|error| error.at(pointer))?;
    }
    let zones = looked.readings.iter().filter_map(|reading| reading.zone.as_ref());
    let zones: BTreeSet<&[String]> = zones.map(|zone| zone.lines.as_slice()).collect();
    if zones.len() > 1 {
        return Err(Error::SeveralDocuments.at(pointers[1]));
    }
    let characters: usize = looked.readings.iter().map(Reading::readable_characters).sum();
    if zones.is_empty() && characters < CHARACTERS_MIN {
        return Err(Error::NoDocument.at(pointers[0]));
    }
    Ok(looked)
}

impl Looked {
    async fn add(&mut self, state: &State, image: &ImageRow) -> Result<(), Error> {
        let _claim = state.budget.claim(image.bytes).await?;
        let picture = images::open(state, image.subject_id, image.id).await?;
        let [year, month, day] = state.clock.now().date();
        let request = ReadDocumentRequest {
            image: picture.into(),
            account_id: image.account_id.to_string(),
            today: Some(CalendarDate { year, month, day }),
            with_portrait: true,
        };
        let answer = state.engine.read_document(request).await?;
        if answer.zone_count > 1 {
            return Err(Error::SeveralDocuments);
        }
        if !self.readings.is_empty() && self.model_digest != answer.model_digest {
            return Err(Error::ModelsChanged);
        }
        self.model_digest.clone_from(&answer.model_digest);
        let timings = answer.timings.unwrap_or_default();
        self.cpu_us = self.cpu_us.saturating_add(timings.device_us);
        self.readings.push(Reading::from_engine(answer)?);
        Ok(())
    }

    /// The largest portrait, with its embedding.
    pub(crate) fn portrait(&self) -> Option<(Portrait, &[f32])> {
        portrait_of(self.readings.iter())
    }
}

impl Read {
    async fn new(state: &State, user_id: UserId, images: &[ImageRow], looked: Looked) -> Result<Self, Error> {
        let id = DocumentId::new();
        let Looked { readings, model_digest, cpu_us } = looked;
        let named: Vec<_> = SIDES.into_iter().zip(&readings).collect();
        let fields = fields::collect(&named);
        let zone = readings.iter().find_map(|reading| reading.zone.as_ref());
        let facts = Facts {
            kind: zone.map_or(DocumentType::Other, |zone| zone.format),
            judgement: Judgement::new(zone, &fields),
            fields,
        };
        let (Some(front), count) = (images.first(), readings.len() as u64) else {
            return Err(Error::NoDocument);
        };
        let row = DocumentRow {
            id,
            created_at: state.clock.now(),
            image_id: front.id,
            sides: count,
            model_digest: model_digest.clone(),
            subject_id: front.subject_id,
            facts: sealed::seal(state, front.subject_id, &context(id, None), &facts).await?,
        };
        let mut sides = Vec::new();
        for (index, (image, reading)) in images.iter().zip(&readings).enumerate() {
            let reading = sealed::seal(state, image.subject_id, &context(id, Some(index)), reading).await?;
            sides.push(SideRow { image_id: image.id, subject_id: image.subject_id, reading });
        }
        let charge = Charge {
            account_id: front.account_id,
            user_id,
            operation: DOCUMENTS_READING,
            units: count,
            resource_id: id.to_string(),
            cpu_us,
            device_us: 0,
            bytes: images.iter().map(|image| image.bytes).sum(),
            model_digest,
        };
        let readings = images.iter().map(|image| image.id).zip(readings).collect();
        Ok(Self { row, sides, facts, readings, charge })
    }

    /// The document's id.
    pub(crate) const fn id(&self) -> DocumentId {
        self.row.id
    }

    /// What its zones say together.
    pub(crate) const fn result(&self) -> DocumentResult {
        self.facts.judgement.result
    }

    /// The largest portrait, with its embedding.
    pub(crate) fn portrait(&self) -> Option<(Portrait, &[f32])> {
        portrait_of(self.readings.iter().map(|(_, reading)| reading))
    }

    /// Writes the rows, and holds `others` too. A picture may be gone meanwhile.
    pub(crate) async fn insert(
        &self,
        tx: &mut Tx,
        account_id: AccountId,
        others: BTreeSet<ImageId>,
    ) -> Result<(), Error> {
        let pictures = self.sides.iter().map(|side| side.image_id).chain(others).collect();
        store::images::hold_all(tx, account_id, pictures).await?.map_err(Error::NoImage)?;
        Ok(store::documents::insert(tx, account_id, &self.row, &self.sides).await?)
    }

    /// As callers see it.
    pub(crate) fn into_document(self) -> Document {
        assemble(&self.row, self.facts, self.readings)
    }
}

/// Where a part of a document is sealed: what its sides say together, or one of them.
pub(super) fn context(id: DocumentId, side: Option<usize>) -> String {
    match side {
        None => format!("detection/documents/{id}/facts"),
        Some(index) => format!("detection/documents/{id}/sides/{index}"),
    }
}
