//! What costs an account something: one event for each result, said in its transaction.
//!
//! It knows no prices: a bill is made elsewhere, of these events and a price list.

use aws_lc_rs::digest::{Context, SHA256};
use uuid::{Builder, Uuid};

use prosopa_contract::{engine::StageTimings, events::OperationBilled};
use prosopa_model::{AccountId, UserId};
use prosopa_store::{Error, Tx};

use crate::state::State;

/// What the price list calls a detection; a unit is a picture.
pub(crate) const FACES_DETECTION: &str = "faces.detection";

/// What the price list calls a match; a unit is a comparison.
pub(crate) const FACES_MATCH: &str = "faces.match";

/// What the price list calls the reading of a document; a unit is a side.
pub(crate) const DOCUMENTS_READING: &str = "documents.reading";

/// What the price list calls a check of a document and a selfie, in which the reading and the comparison are included.
pub(crate) const IDENTITY_VERIFICATION: &str = "identity.verification";

/// What a result costs, and whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) account_id: AccountId,
    /// Who asked for it.
    pub(crate) user_id: UserId,
    /// Key of the price list.
    pub(crate) operation: &'static str,
    /// How many of what the price list counts.
    pub(crate) units: u64,
    /// The result, which is paid for once.
    pub(crate) resource_id: String,
    /// Processor time, microseconds.
    pub(crate) cpu_us: u64,
    /// Time on an accelerator, microseconds.
    pub(crate) device_us: u64,
    /// Size of the pictures that were looked at.
    pub(crate) bytes: u64,
    /// SHA-256 of the model pack's manifest, hexadecimal; empty where no network took part.
    pub(crate) model_digest: String,
}

/// Says so, in the transaction that keeps the result.
///
/// The same result told twice fails the second transaction, or has no effect on who has heard of it already.
pub(crate) async fn publish(state: &State, tx: &mut Tx, charge: &Charge) -> Result<(), Error> {
    let event = OperationBilled {
        account_id: charge.account_id.to_string(),
        user_id: charge.user_id.to_string(),
        operation: charge.operation.to_owned(),
        units: charge.units,
        resource_id: charge.resource_id.clone(),
        billed_at_us: state.clock.now().micros(),
        cpu_us: charge.cpu_us,
        device_us: charge.device_us,
        bytes: charge.bytes,
        model_digest: charge.model_digest.clone(),
    };
    state.outbox.publish_as(tx, event_id(charge.operation, &charge.resource_id), &event).await
}

/// Processor time of what the engine did. Its device is a processor.
pub(crate) fn cpu_us(timings: &StageTimings) -> u64 {
    timings.device_us
}

/// A UUID of version 8 (RFC 9562): the first bytes of the SHA-256 of operation and result, which are texts without zero
/// bytes.
fn event_id(operation: &str, resource_id: &str) -> Uuid {
    let mut context = Context::new(&SHA256);
    for part in [operation, "\0", resource_id] {
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&context.finish().as_ref()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K8: the id of a charge, which whoever bills relies on, is the same for ever.
    #[test]
    fn one_result_has_one_id() {
        // printf 'faces.detection\0det_1' | sha256sum, with the version 8 and the variant 8 to b put in.
        let id = event_id("faces.detection", "det_1");
        assert_eq!(id.to_string(), "034f4c40-d03e-8c7f-aa62-a41532b969c6");
        assert_ne!(event_id("faces.match", "det_1"), id);
        assert_ne!(event_id("faces.detection", "det_2"), id);
    }
}
