//! An event as a subscription gets it.

use prosopa_contract::events::Event;
use prosopa_model::Timestamp;
use prosopa_store::row;
use uuid::Uuid;

row! {
    /// An event with its attributes (`CloudEvents` 1.0): `specversion` is 1.0, `datacontenttype` application/protobuf,
    /// `subject` the key, `source` [`SOURCE_PREFIX`](crate::SOURCE_PREFIX) and the service.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Delivery {
        /// Its place among the events of its producer, from 1; places may be missing.
        pub position: i64,
        /// Its id.
        pub event_id: Uuid,
        /// Where it was published.
        pub topic: String,
        /// The thing whose events stay in order.
        pub key: String,
        /// Its type.
        pub kind: String,
        /// When it was said.
        pub time: Timestamp,
        /// The trace it belongs to (W3C Trace Context), if any.
        pub traceparent: Option<String>,
        /// The message.
        pub data: Vec<u8>,
    }
}

impl Delivery {
    /// The message, if it is one of this type; none if it is of another.
    ///
    /// The error says that the bytes are not that message: no repetition makes them so.
    pub fn read<E: Event + Default>(&self) -> Result<Option<E>, prost::DecodeError> {
        if self.kind != E::TYPE {
            return Ok(None);
        }
        E::decode(self.data.as_slice()).map(Some)
    }
}
