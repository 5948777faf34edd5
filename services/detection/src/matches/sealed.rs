//! What is kept of a match, each part sealed for the person whose face it tells of.

use serde::{Serialize, de::DeserializeOwned};

use prosopa_model::{MatchId, SubjectId};
use prosopa_vault::VaultError;

use crate::{
    error::{Error, FindingsError},
    state::State,
};

/// Name of the part with the result of this place.
pub(super) fn part_name(index: usize) -> String {
    format!("results/{index}")
}

/// Seals a part. Without a subject, as of a picture from before there were any, under the keyring.
pub(super) async fn seal(
    state: &State,
    subject: Option<SubjectId>,
    id: MatchId,
    part: &str,
    value: &impl Serialize,
) -> Result<Vec<u8>, Error> {
    let fault = |source| Error::Match { id, source };
    let json = serde_json::to_vec(value).map_err(|error| fault(error.into()))?;
    let context = context(id, part);
    match subject {
        Some(subject) => Ok(state.vault.seal(subject, &context, &json).await?),
        None => Ok(state.keyring.seal(&context, &json).map_err(VaultError::from)?),
    }
}

/// Opens a part. Nothing opens any more once one of the persons is erased: then there is no match.
pub(super) async fn open<T: DeserializeOwned>(
    state: &State,
    subject: Option<SubjectId>,
    id: MatchId,
    part: &str,
    sealed: Vec<u8>,
) -> Result<T, Error> {
    let fault = |source: FindingsError| Error::Match { id, source };
    let context = context(id, part);
    let json = match subject {
        Some(subject) => match state.vault.open(subject, &context, sealed).await {
            Err(VaultError::Erased(_) | VaultError::NoSubject(_)) => return Err(Error::NoMatch(id)),
            opened => opened?,
        },
        None => state.keyring.open(&context, sealed).map_err(|error| fault(error.into()))?,
    };
    serde_json::from_slice(&json).map_err(|error| fault(error.into()))
}

fn context(id: MatchId, part: &str) -> String {
    format!("detection/matches/{id}/{part}")
}
