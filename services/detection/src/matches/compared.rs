//! The comparison itself: faces are seen, distances are judged, and what is to be kept is sealed.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};

use prosopa_contract::engine::{Calibration, DescribeModelsResponse};
use prosopa_model::{AccountId, ImageId, MatchId, UserId};
use prosopa_store::Tx;

use super::{
    answer::{CalibrationFacts, Facts, Match, MatchResult, assemble},
    request::NewMatch,
    seen::{self, Seen, Wanted},
    verdict::Rule,
};
use crate::{
    billing::{self, Charge, FACES_MATCH},
    error::Error,
    sealed,
    state::State,
    store::{
        self,
        images::ImageRow,
        matches::{MatchRow, ResultRow},
    },
    work::Work,
};

/// Pictures of one match that are with the engine at a time.
const IN_HAND: usize = 4;

/// What is to be written of a match.
pub(crate) struct Compared {
    row: MatchRow,
    results: Vec<ResultRow>,
    charge: Charge,
    made: Match,
}

#[async_trait]
impl Work for NewMatch {
    const JOB_KIND: &'static str = "match-faces";
    const PATH: &'static str = "/api/v1/faces/matches";
    type Id = MatchId;
    type Done = Compared;
    type Shown = Match;

    fn user_id(&self) -> UserId {
        self.user_id
    }

    async fn perform(&self, state: &State, account_id: AccountId) -> Result<Compared, Error> {
        compare(state, account_id, self).await
    }

    async fn write(
        done: &Compared,
        state: &State,
        tx: &mut Tx,
        account_id: AccountId,
    ) -> Result<MatchId, Error> {
        done.insert(tx, account_id).await?;
        billing::publish(state, tx, &done.charge).await?;
        Ok(done.row.id)
    }

    fn show(done: Compared) -> Match {
        done.made
    }

    async fn get(state: &State, account_id: AccountId, id: MatchId) -> Result<Match, Error> {
        super::get(state, account_id, id).await
    }
}

/// Compares faces of kept pictures of the account.
async fn compare(state: &State, account_id: AccountId, new: &NewMatch) -> Result<Compared, Error> {
    let images = find_images(state, account_id, new).await?;
    let images = images.as_slice();
    let attempt = |models: Arc<DescribeModelsResponse>| async move {
        let calibration = models.calibration.as_ref().ok_or(Error::NotCalibrated)?;
        let rule = Rule::new(calibration, new.options.max_fmr)?;
        let seen = see_all(state, new, images, &models).await?;
        if seen.iter().any(|seen| seen.model_digest != models.model_digest) {
            return Ok(None);
        }
        Compared::new(state, account_id, new, images, seen, (rule, calibration)).await.map(Some)
    };
    state.models.with_one(attempt).await
}

/// The rows of all pictures, the first one in front.
async fn find_images(state: &State, account_id: AccountId, new: &NewMatch) -> Result<Vec<ImageRow>, Error> {
    let mut images = Vec::with_capacity(1 + new.images_b.len());
    for (index, id) in new.ids().enumerate() {
        let found = store::images::find(&state.database, account_id, id).await?;
        images.push(found.ok_or(Error::NoImage(id)).map_err(|error| error.at(new.pointer(index)))?);
    }
    Ok(images)
}

/// The faces of all pictures, in their order.
async fn see_all(
    state: &State,
    new: &NewMatch,
    images: &[ImageRow],
    models: &DescribeModelsResponse,
) -> Result<Vec<Seen>, Error> {
    let options = new.options;
    let looks: Vec<_> = images
        .iter()
        .enumerate()
        .map(|(index, image)| {
            let (face, pointer) =
                if index == 0 { (options.face_a, "/face_a") } else { (options.face_b, "/face_b") };
            let wanted = Wanted { face, is_single: options.require_single_face };
            see_one(state, image, wanted, &models.model_digest, [new.pointer(index), pointer.to_owned()])
        })
        .collect();
    stream::iter(looks).buffered(IN_HAND).try_collect().await
}

/// The wanted face of a picture; `picture` and `choice` are where the request names it and its face.
async fn see_one(
    state: &State,
    image: &ImageRow,
    wanted: Wanted,
    model_digest: &str,
    [picture, choice]: [String; 2],
) -> Result<Seen, Error> {
    seen::see(state, image, wanted, model_digest).await.map_err(|error| match error {
        Error::NoSuchFace { .. } => error.at(choice),
        _ => error.at(picture),
    })
}

impl Compared {
    async fn new(
        state: &State,
        account_id: AccountId,
        new: &NewMatch,
        images: &[ImageRow],
        seen: Vec<Seen>,
        (rule, calibration): (Rule, &Calibration),
    ) -> Result<Self, Error> {
        let id = MatchId::new();
        let mut charge = Charge {
            account_id,
            user_id: new.user_id,
            operation: FACES_MATCH,
            units: new.images_b.len() as u64,
            resource_id: id.to_string(),
            cpu_us: 0,
            device_us: 0,
            bytes: 0,
            model_digest: String::new(),
        };
        for seen in &seen {
            charge.cpu_us = charge.cpu_us.saturating_add(seen.cpu_us);
            charge.bytes = charge.bytes.saturating_add(seen.bytes);
        }
        let mut seen = seen.into_iter();
        let first = seen.next().ok_or(Error::NoFace)?;
        charge.model_digest.clone_from(&first.model_digest);
        let subject_of = |index: usize| images.get(index).and_then(|image: &ImageRow| image.subject_id);
        let facts = Facts {
            image_a: first.face,
            max_fmr: rule.max_fmr(),
            calibration: CalibrationFacts::new(calibration),
        };
        let row = MatchRow {
            id,
            created_at: state.clock.now(),
            image_id: new.image_a,
            comparisons: new.images_b.len() as u64,
            model_digest: first.model_digest,
            subject_id: subject_of(0),
            facts: sealed::seal(state, subject_of(0), &context(id, None), &facts).await?,
        };
        let (mut results, mut rows) = (Vec::new(), Vec::new());
        for (index, other) in seen.enumerate() {
            let distance = distance(&first.embedding, &other.embedding)?;
            let result = MatchResult { verdict: rule.judge(calibration, distance), image_b: other.face };
            let subject_id = subject_of(index + 1);
            let sealed = sealed::seal(state, subject_id, &context(id, Some(index)), &result).await?;
            rows.push(ResultRow { image_id: result.image_b.id, subject_id, result: sealed });
            results.push(result);
        }
        let made = assemble(&row, facts, results);
        Ok(Self { row, results: rows, charge, made })
    }

    /// Writes the rows. A picture may be gone meanwhile.
    async fn insert(&self, tx: &mut Tx, account_id: AccountId) -> Result<(), Error> {
        let others = self.results.iter().map(|result| result.image_id);
        // In the order of their ids, as whoever removes several does.
        let pictures: BTreeSet<ImageId> = others.chain([self.row.image_id]).collect();
        store::images::hold_all(tx, account_id, pictures).await?.map_err(Error::NoImage)?;
        Ok(store::matches::insert(tx, account_id, &self.row, &self.results).await?)
    }
}

/// Where a part of a match is sealed: what it tells of its first picture, or the result of this place.
pub(super) fn context(id: MatchId, result: Option<usize>) -> String {
    match result {
        None => format!("detection/matches/{id}/facts"),
        Some(index) => format!("detection/matches/{id}/results/{index}"),
    }
}

/// Euclidean distance; embeddings of different lengths are none of one model.
pub(crate) fn distance(one: &[f32], other: &[f32]) -> Result<f64, Error> {
    if one.is_empty() || one.len() != other.len() {
        return Err(Error::NoEmbedding);
    }
    let squares = one.iter().zip(other).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2));
    Ok(squares.sum::<f64>().sqrt())
}
