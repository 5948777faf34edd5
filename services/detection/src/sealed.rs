//! What is found of a person, in the form it is kept: sealed for that person, in the place where it belongs.

use serde::{Serialize, de::DeserializeOwned};

use prosopa_model::SubjectId;
use prosopa_vault::VaultError;

use crate::{
    error::{Error, SealedError},
    state::State,
};

/// Seals a value for the place `context`. Without a subject, as of a picture from before there were any, under the keyring.
pub(crate) async fn seal(
    state: &State,
    subject: Option<SubjectId>,
    context: &str,
    value: &impl Serialize,
) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(value).map_err(|error| fault(context, error))?;
    match subject {
        Some(subject) => Ok(state.vault.seal(subject, context, &json).await?),
        None => Ok(state.keyring.seal(context, &json).map_err(VaultError::from)?),
    }
}

/// Opens what was sealed for this place; none once the person is erased, since then nothing opens any more.
pub(crate) async fn open<T: DeserializeOwned>(
    state: &State,
    subject: Option<SubjectId>,
    context: &str,
    sealed: Vec<u8>,
) -> Result<Option<T>, Error> {
    let json = match subject {
        Some(subject) => match state.vault.open(subject, context, sealed).await {
            Err(VaultError::Erased(_) | VaultError::NoSubject(_)) => return Ok(None),
            opened => opened?,
        },
        None => state.keyring.open(context, sealed).map_err(|error| fault(context, error))?,
    };
    serde_json::from_slice(&json).map(Some).map_err(|error| fault(context, error))
}

fn fault(context: &str, source: impl Into<SealedError>) -> Error {
    Error::Sealed { context: context.to_owned(), source: source.into() }
}
