//! What a relay has handed to the brokers and not heard of yet.

use std::collections::VecDeque;

use rdkafka::{error::KafkaError as ClientError, producer::future_producer::DeliveryFuture};
use tokio::time::Instant;

use super::connection::Sender;

/// What is under way.
pub(super) struct Carried {
    pub(super) sender: Sender,
    /// Places with what will be said of each, in order.
    pub(super) in_flight: VecDeque<(i64, DeliveryFuture)>,
    /// The last place that was handed over, that was acknowledged, and that is noted.
    pub(super) sent: i64,
    pub(super) acknowledged: i64,
    pub(super) noted: i64,
    pub(super) noted_at: Instant,
}

impl Carried {
    pub(super) fn new(sender: Sender, position: i64) -> Self {
        Self {
            sender,
            in_flight: VecDeque::new(),
            sent: position,
            acknowledged: position,
            noted: position,
            noted_at: Instant::now(),
        }
    }

    /// Takes what the brokers say of the first that is under way.
    pub(super) fn acknowledge_first(
        &mut self,
        told: <DeliveryFuture as Future>::Output,
    ) -> Result<(), ClientError> {
        let Some((position, _)) = self.in_flight.pop_front() else { return Ok(()) };
        told.map_err(|_| ClientError::Canceled)?.map_err(|(error, _)| error)?;
        self.acknowledged = position;
        Ok(())
    }
}
