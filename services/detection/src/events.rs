//! What this service says: detections that were made and deleted.

use prosopa_contract::events::{DetectionCreated, DetectionDeleted};
use prosopa_model::AccountId;
use prosopa_store::{Error, Tx};

use crate::{state::State, store::detections::DetectionRow};

/// A detection was made, in the same transaction.
pub(crate) async fn publish_created(
    state: &State,
    tx: &mut Tx,
    account_id: AccountId,
    row: &DetectionRow,
) -> Result<(), Error> {
    let event = DetectionCreated {
        detection_id: row.id.to_string(),
        account_id: account_id.to_string(),
        image_id: row.image_id.to_string(),
        face_count: u32::try_from(row.face_count).unwrap_or(u32::MAX),
        model_digest: row.model_digest.clone(),
        image_bytes: row.bytes,
    };
    state.outbox.publish(tx, &event).await
}

/// A detection was deleted, in the same transaction.
pub(crate) async fn publish_deleted(
    state: &State,
    tx: &mut Tx,
    account_id: AccountId,
    row: &DetectionRow,
) -> Result<(), Error> {
    let event = DetectionDeleted {
        detection_id: row.id.to_string(),
        account_id: account_id.to_string(),
        image_id: row.image_id.to_string(),
    };
    state.outbox.publish(tx, &event).await
}
