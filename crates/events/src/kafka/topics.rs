//! Makes the topics that are missing and looks whether the others are as they must be.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rdkafka::{
    ClientConfig,
    admin::{
        AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
    },
    error::{KafkaError, RDKafkaErrorCode},
};
use tokio::time::Instant;

use prosopa_contract::events::{DEAD_LETTERS_SUFFIX, Keeps, TOPICS, Topic};

use super::{client::Quiet, config::KafkaConfig, record::physical_topic};
use crate::outbox::RECORD_BYTES_MAX;

/// Longest time for one question to the brokers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause before the brokers are asked again whether a new topic is there.
const PAUSE: Duration = Duration::from_millis(100);

/// Largest dead letter: a record of any size, and where it came from.
pub(super) const DEAD_RECORD_BYTES_MAX: &str = "9437184";

/// Days for which what nobody could use is kept on the brokers.
const DEAD_LETTER_DAYS: u32 = 30;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The topics are not as they must be, or cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// No broker answers.
    #[error("no broker of events.kafka.brokers answers: {0}")]
    Unreachable(KafkaError),
    /// The brokers refuse.
    #[error("the topic {topic} cannot be made: {reason}")]
    Refused {
        /// The topic.
        topic: String,
        /// What the brokers say.
        reason: String,
    },
    /// It exists and would not keep what is promised.
    #[error("the topic {topic} has {found}, and {wanted} is wanted")]
    Different {
        /// The topic.
        topic: String,
        /// What it is like.
        found: String,
        /// What it must be like.
        wanted: String,
    },
}

/// A topic as the brokers are to keep it.
struct Wanted {
    name: String,
    partitions: i32,
    cleanup: &'static str,
    retention_ms: Option<String>,
    record_bytes_max: String,
}

impl Wanted {
    fn new(config: &KafkaConfig, topic: &Topic) -> [Self; 2] {
        let name = physical_topic(&config.topic_prefix, topic.name);
        let days = |days: u32| Some((u64::from(days) * DAY_MS).to_string());
        let (cleanup, retention_ms) = match topic.keeps {
            Keeps::Days(kept) => ("delete", days(kept)),
            Keeps::Newest => ("compact", None),
        };
        let dead = Self {
            name: format!("{name}{DEAD_LETTERS_SUFFIX}"),
            partitions: 1,
            cleanup: "delete",
            retention_ms: days(DEAD_LETTER_DAYS),
            record_bytes_max: DEAD_RECORD_BYTES_MAX.to_owned(),
        };
        let record_bytes_max = RECORD_BYTES_MAX.to_string();
        [Self { name, partitions: config.partitions, cleanup, retention_ms, record_bytes_max }, dead]
    }

    fn to_new(&self, replication_factor: i32) -> NewTopic<'_> {
        let replication = TopicReplication::Fixed(replication_factor);
        let new = NewTopic::new(&self.name, self.partitions, replication)
            .set("cleanup.policy", self.cleanup)
            .set("max.message.bytes", &self.record_bytes_max);
        match &self.retention_ms {
            Some(retention_ms) => new.set("retention.ms", retention_ms),
            None => new,
        }
    }

    fn compare(&self, found: &str, wanted: &str, what: &str) -> Result<(), TopicError> {
        if found == wanted {
            return Ok(());
        }
        let found = format!("{what} {found}");
        Err(TopicError::Different { topic: self.name.clone(), found, wanted: wanted.to_owned() })
    }
}

type Admin = Arc<AdminClient<Quiet>>;

/// Makes what is missing and checks all.
pub(super) async fn ensure(client: &ClientConfig, config: &KafkaConfig) -> Result<(), TopicError> {
    let wanted: Vec<Wanted> = TOPICS.iter().flat_map(|topic| Wanted::new(config, topic)).collect();
    let admin = client.create_with_context(Quiet).map_err(TopicError::Unreachable)?;
    let admin: Admin = Arc::new(admin);
    let outcome = ensure_all(&admin, &wanted, config.replication_factor).await;
    // Its end waits for a thread.
    let _ = tokio::task::spawn_blocking(move || drop(admin)).await;
    outcome
}

async fn ensure_all(admin: &Admin, wanted: &[Wanted], replication_factor: i32) -> Result<(), TopicError> {
    let known = count_partitions(admin).await?;
    let missing: Vec<&Wanted> = wanted.iter().filter(|topic| !known.contains_key(&topic.name)).collect();
    if !missing.is_empty() {
        create(admin, &missing, replication_factor).await?;
    }
    check_partitions(admin, wanted).await?;
    check_cleanup(admin, wanted).await
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

async fn create(admin: &Admin, missing: &[&Wanted], replication_factor: i32) -> Result<(), TopicError> {
    let new: Vec<NewTopic<'_>> = missing.iter().map(|topic| topic.to_new(replication_factor)).collect();
    for made in admin.create_topics(&new, &options()).await.map_err(TopicError::Unreachable)? {
        match made {
            // Another process was faster.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(TopicError::Refused { topic, reason: code.to_string() }),
        }
    }
    Ok(())
}

/// Asks for the partitions until all topics are there: those just made are told from broker to broker.
async fn check_partitions(admin: &Admin, wanted: &[Wanted]) -> Result<(), TopicError> {
    let asked_at = Instant::now();
    loop {
        let known = count_partitions(admin).await?;
        match wanted.iter().find(|topic| !known.contains_key(&topic.name)) {
            Some(topic) if asked_at.elapsed() > PATIENCE => {
                let reason = "it does not appear".to_owned();
                return Err(TopicError::Refused { topic: topic.name.clone(), reason });
            }
            Some(_) => tokio::time::sleep(PAUSE).await,
            None => {
                return wanted.iter().try_for_each(|topic| {
                    let found = known.get(&topic.name).copied().unwrap_or_default();
                    topic.compare(&found.to_string(), &topic.partitions.to_string(), "partitions:")
                });
            }
        }
    }
}

async fn check_cleanup(admin: &Admin, wanted: &[Wanted]) -> Result<(), TopicError> {
    let asked: Vec<ResourceSpecifier<'_>> =
        wanted.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    let told = admin.describe_configs(&asked, &options()).await.map_err(TopicError::Unreachable)?;
    let told = told.into_iter().filter_map(Result::ok).collect::<Vec<_>>();
    for topic in wanted {
        let own = OwnedResourceSpecifier::Topic(topic.name.clone());
        let Some(told) = told.iter().find(|told| told.specifier == own) else {
            let reason = "its settings cannot be read".to_owned();
            return Err(TopicError::Refused { topic: topic.name.clone(), reason });
        };
        let policy = told.get("cleanup.policy").and_then(|entry| entry.value.as_deref()).unwrap_or_default();
        topic.compare(policy, topic.cleanup, "the cleanup policy")?;
    }
    Ok(())
}

/// The topics there are, each with the number of its partitions. The question blocks a thread.
async fn count_partitions(admin: &Admin) -> Result<HashMap<String, i32>, TopicError> {
    let asking = Arc::clone(admin);
    let asked = tokio::task::spawn_blocking(move || asking.inner().fetch_metadata(None, PATIENCE)).await;
    let metadata = asked.unwrap_or(Err(KafkaError::Canceled)).map_err(TopicError::Unreachable)?;
    let topics = metadata.topics().iter().filter(|topic| topic.error().is_none());
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Ok(topics.map(|topic| (topic.name().to_owned(), count(topic.partitions().len()))).collect())
}
