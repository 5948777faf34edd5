//! The check itself: the document is read or fetched, the selfie is looked at, both faces are compared.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use prosopa_contract::engine::{Calibration, DescribeModelsResponse};
use prosopa_model::{AccountId, DocumentId, ImageId, UserId, VerificationId};
use prosopa_store::Tx;

use super::{
    answer::{Facts, MatchPart, QualityPart, SelfieFace, Verification, assemble},
    judgement::Judgement,
};
use crate::{
    billing::{self, Charge, IDENTITY_VERIFICATION},
    documents::{self, Document, NewDocument, Portrait, Read},
    error::Error,
    images,
    matches::{self, CalibrationFacts, Rule, Seen, Wanted},
    sealed,
    state::State,
    store::{self, verifications::VerificationRow},
    work::Work,
};

/// Where a request names the sides of its document.
const POINTERS: [&str; 2] = ["/document", "/document_back"];

/// Which document is checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// One that was read before.
    Read(DocumentId),
    /// Kept pictures of one.
    Pictures { front: ImageId, back: Option<ImageId> },
}

/// A document and a selfie, both kept, that are to be checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewVerification {
    pub(crate) user_id: UserId,
    pub(crate) document: Subject,
    pub(crate) selfie: ImageId,
    /// The false match rate that is accepted.
    pub(crate) max_fmr: Option<f64>,
}

/// What is to be written of a verification.
pub(crate) struct Checked {
    row: VerificationRow,
    facts: Facts,
    document: Papers,
    charge: Charge,
}

/// The document of a verification.
enum Papers {
    /// It is there already.
    Kept(Box<Document>),
    /// It was read for this verification, and is written with it.
    New(Box<Read>),
}

/// A document with its portrait as a model sees it, and what that took.
struct Presented {
    papers: Papers,
    portrait: Portrait,
    embedding: Vec<f32>,
    cpu_us: u64,
    bytes: u64,
}

#[async_trait]
impl Work for NewVerification {
    const JOB_KIND: &'static str = "verify-identity";
    const PATH: &'static str = "/api/v1/verifications";
    type Id = VerificationId;
    type Done = Checked;
    type Shown = Verification;

    fn user_id(&self) -> UserId {
        self.user_id
    }

    async fn perform(&self, state: &State, account_id: AccountId) -> Result<Checked, Error> {
        state.models.with_one(|models| self.check(state, account_id, models)).await
    }

    async fn write(
        done: &Checked,
        state: &State,
        tx: &mut Tx,
        account_id: AccountId,
    ) -> Result<VerificationId, Error> {
        done.insert(tx, account_id).await?;
        billing::publish(state, tx, &done.charge).await?;
        Ok(done.row.id)
    }

    fn show(done: Checked) -> Verification {
        let document = match done.document {
            Papers::Kept(document) => *document,
            Papers::New(read) => read.into_document(),
        };
        assemble(done.row, done.facts, document)
    }

    async fn get(state: &State, account_id: AccountId, id: VerificationId) -> Result<Verification, Error> {
        super::get(state, account_id, id).await
    }
}

impl NewVerification {
    /// None where the engine has another model than it said.
    async fn check(
        &self,
        state: &State,
        account_id: AccountId,
        models: Arc<DescribeModelsResponse>,
    ) -> Result<Option<Checked>, Error> {
        let calibration = models.calibration.as_ref().ok_or(Error::NotCalibrated)?;
        let rule = Rule::new(calibration, self.max_fmr)?;
        // The selfie is quickly looked at; a document takes long.
        let seen = self.see_selfie(state, account_id, &models.model_digest).await?;
        let presented = self.present(state, account_id, &models.model_digest).await?;
        match presented {
            Some(presented) if seen.model_digest == models.model_digest => {
                Checked::new(state, account_id, self, presented, seen, (rule, calibration)).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn see_selfie(
        &self,
        state: &State,
        account_id: AccountId,
        model_digest: &str,
    ) -> Result<Seen, Error> {
        let see = async {
            let image = images::find(state, account_id, self.selfie).await?;
            matches::see(state, &image, Wanted { face: None, is_single: true }, model_digest).await
        };
        see.await.map_err(|error| error.at("/selfie"))
    }

    /// The document with its portrait; none where the engine has another model.
    async fn present(
        &self,
        state: &State,
        account_id: AccountId,
        model_digest: &str,
    ) -> Result<Option<Presented>, Error> {
        let [at_document, _] = POINTERS;
        let none = || Error::NoPortrait.at(at_document);
        match self.document {
            Subject::Pictures { front, back } => {
                let new = NewDocument { user_id: self.user_id, front, back };
                let read = documents::read(state, account_id, &new, POINTERS).await?;
                if read.charge.model_digest != model_digest {
                    return Ok(None);
                }
                let (portrait, embedding) = read.portrait().ok_or_else(none)?;
                let embedding = embedding.to_vec();
                let (cpu_us, bytes) = (read.charge.cpu_us, read.charge.bytes);
                Ok(Some(Presented {
                    papers: Papers::New(Box::new(read)),
                    portrait,
                    embedding,
                    cpu_us,
                    bytes,
                }))
            }
            Subject::Read(id) => {
                let kept = documents::get_with_portrait(state, account_id, id).await;
                let kept = kept.map_err(|error| error.at(at_document))?;
                if kept.model_digest == model_digest {
                    let (portrait, embedding) = kept.portrait.ok_or_else(none)?;
                    let papers = Papers::Kept(Box::new(kept.document));
                    return Ok(Some(Presented { papers, portrait, embedding, cpu_us: 0, bytes: 0 }));
                }
                // Embeddings of two models cannot be compared: the portrait is looked at anew, the document stays as it was read.
                let images = documents::images_of(state, account_id, id).await;
                let images = images.map_err(|error| error.at(at_document))?;
                let looked = documents::look(state, &images, POINTERS).await?;
                if looked.model_digest != model_digest {
                    return Ok(None);
                }
                let (portrait, embedding) = looked.portrait().ok_or_else(none)?;
                let bytes = images.iter().map(|image| image.bytes).sum();
                let (embedding, cpu_us) = (embedding.to_vec(), looked.cpu_us);
                let papers = Papers::Kept(Box::new(kept.document));
                Ok(Some(Presented { papers, portrait, embedding, cpu_us, bytes }))
            }
        }
    }
}

impl Checked {
    async fn new(
        state: &State,
        account_id: AccountId,
        new: &NewVerification,
        presented: Presented,
        seen: Seen,
        (rule, calibration): (Rule, &Calibration),
    ) -> Result<Self, Error> {
        let id = VerificationId::new();
        let verdict = rule.judge(calibration, matches::distance(&presented.embedding, &seen.embedding)?);
        let (document_id, result) = match &presented.papers {
            Papers::Kept(document) => (document.id, document.result),
            Papers::New(read) => (read.id(), read.result()),
        };
        let facts = Facts {
            judgement: Judgement::new(result, verdict.decision, &seen.quality),
            quality: QualityPart {
                selfie: SelfieFace { face: seen.face, quality: seen.quality },
                portrait: presented.portrait,
            },
            comparison: MatchPart {
                verdict,
                max_fmr: rule.max_fmr(),
                calibration: CalibrationFacts::new(calibration),
            },
        };
        let selfie =
            images::find(state, account_id, new.selfie).await.map_err(|error| error.at("/selfie"))?;
        let row = VerificationRow {
            id,
            created_at: state.clock.now(),
            document_id,
            image_id: new.selfie,
            subject_id: selfie.subject_id,
            model_digest: seen.model_digest.clone(),
            facts: sealed::seal(state, selfie.subject_id, &context(id), &facts).await?,
        };
        let charge = Charge {
            account_id,
            user_id: new.user_id,
            operation: IDENTITY_VERIFICATION,
            units: 1,
            resource_id: id.to_string(),
            cpu_us: presented.cpu_us.saturating_add(seen.cpu_us),
            device_us: 0,
            bytes: presented.bytes.saturating_add(seen.bytes),
            model_digest: seen.model_digest,
        };
        Ok(Self { row, facts, document: presented.papers, charge })
    }

    /// Writes the rows, those of a new document too. A picture or the document may be gone meanwhile.
    async fn insert(&self, tx: &mut Tx, account_id: AccountId) -> Result<(), Error> {
        let selfie = self.row.image_id;
        match &self.document {
            Papers::New(read) => read.insert(tx, account_id, [selfie].into()).await?,
            Papers::Kept(document) => {
                // Whoever deletes the document deletes its verifications too, and holds its pictures.
                let pictures = document.image_ids().chain([selfie]).collect();
                store::images::hold_all(tx, account_id, pictures).await?.map_err(Error::NoImage)?;
                if !store::documents::exists(tx, account_id, document.id).await? {
                    return Err(Error::NoSuchDocument(document.id));
                }
            }
        }
        Ok(store::verifications::insert(tx, account_id, &self.row).await?)
    }
}

/// Where what a verification found is sealed.
pub(super) fn context(id: VerificationId) -> String {
    format!("detection/verifications/{id}")
}
