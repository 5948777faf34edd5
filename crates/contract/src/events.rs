//! What services tell each other afterwards: the messages of `proto/prosopa/events/v1`, each with its topic, its type
//! and the key that keeps the events of one thing in order.

#[expect(missing_docs, reason = "generated; documented in the .proto file")]
mod messages {
    include!(concat!(env!("OUT_DIR"), "/prosopa.events.v1.rs"));
}

mod topics;

pub use self::messages::{
    DetectionCreated, DetectionDeleted, JobChanged, OperationBilled, UsageHeader, UsageRecord, UsageRecorded,
    UserDeactivated, UserDeleted, UserReactivated, UserRegistered,
};
pub use self::topics::{
    DEAD_LETTERS_SUFFIX, DETECTION_JOBS, Keeps, QUOTA_PLANS, REGISTRATIONS, TOPICS, Topic,
};

/// A message that is published.
pub trait Event: prost::Message {
    /// Where it is published, `prosopa.<service>.<what>.v1`.
    const TOPIC: &'static str;

    /// Its type, an attribute of `CloudEvents`.
    const TYPE: &'static str;

    /// The thing whose events stay in order.
    fn key(&self) -> &str;
}

/// Events of the service `detection`.
pub const DETECTION_EVENTS: &str = "prosopa.detection.events.v1";

/// Events of the service `auth`.
pub const AUTH_EVENTS: &str = "prosopa.auth.events.v1";

/// What gateways saw.
pub const USAGE_EVENTS: &str = "prosopa.gateway.usage.v1";

/// Changes of jobs; every service publishes its own.
pub const JOB_EVENTS: &str = "prosopa.jobs.events.v1";

impl Event for DetectionCreated {
    const TOPIC: &'static str = DETECTION_EVENTS;
    const TYPE: &'static str = "dev.prosopa.detection.created.v1";

    fn key(&self) -> &str {
        &self.detection_id
    }
}

impl Event for DetectionDeleted {
    const TOPIC: &'static str = DETECTION_EVENTS;
    const TYPE: &'static str = "dev.prosopa.detection.deleted.v1";

    fn key(&self) -> &str {
        &self.detection_id
    }
}

/// In order for each account: who makes out its bill reads one line of events.
impl Event for OperationBilled {
    const TOPIC: &'static str = DETECTION_EVENTS;
    const TYPE: &'static str = "dev.prosopa.operation.billed.v1";

    fn key(&self) -> &str {
        &self.account_id
    }
}

impl Event for JobChanged {
    const TOPIC: &'static str = JOB_EVENTS;
    const TYPE: &'static str = "dev.prosopa.job.changed.v1";

    fn key(&self) -> &str {
        &self.job_id
    }
}

impl Event for UserRegistered {
    const TOPIC: &'static str = AUTH_EVENTS;
    const TYPE: &'static str = "dev.prosopa.user.registered.v1";

    fn key(&self) -> &str {
        &self.user_id
    }
}

impl Event for UserDeactivated {
    const TOPIC: &'static str = AUTH_EVENTS;
    const TYPE: &'static str = "dev.prosopa.user.deactivated.v1";

    fn key(&self) -> &str {
        &self.user_id
    }
}

impl Event for UserReactivated {
    const TOPIC: &'static str = AUTH_EVENTS;
    const TYPE: &'static str = "dev.prosopa.user.reactivated.v1";

    fn key(&self) -> &str {
        &self.user_id
    }
}

impl Event for UserDeleted {
    const TOPIC: &'static str = AUTH_EVENTS;
    const TYPE: &'static str = "dev.prosopa.user.deleted.v1";

    fn key(&self) -> &str {
        &self.user_id
    }
}

/// [`UsageRecorded`], byte for byte, of records that are encoded already: whoever only passes them on need not read them.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EncodedUsageRecorded {
    /// As there.
    #[prost(string, tag = "1")]
    pub spool_id: String,
    /// Each a [`UsageRecord`].
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub records: Vec<Vec<u8>>,
}

impl Event for EncodedUsageRecorded {
    const TOPIC: &'static str = UsageRecorded::TOPIC;
    const TYPE: &'static str = UsageRecorded::TYPE;

    fn key(&self) -> &str {
        &self.spool_id
    }
}

impl Event for UsageRecorded {
    const TOPIC: &'static str = USAGE_EVENTS;
    const TYPE: &'static str = "dev.prosopa.usage.recorded.v1";

    fn key(&self) -> &str {
        &self.spool_id
    }
}
