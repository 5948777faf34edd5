//! `prosopa admin dlq`: events that a service could not use, and the request to try them again.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use prosopa_contract::events::TOPICS;
use prosopa_events::{
    DeadLetter, DeadRecord, Kafka, LetterFilter, Letters, Transport, find_dead_letters, request_replay,
};
use prosopa_model::{Clock, SystemClock, Timestamp};
use prosopa_runtime::Databases;
use prosopa_store::Database;

use super::{Failure, composition::schemas, place::Place, settings::Settings, start_runtime};
use crate::output::{Output, table};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa admin dlq list
  prosopa admin dlq list --topic prosopa.auth.events.v1 -o json
  prosopa admin dlq replay --subscription deleted_accounts
  prosopa admin dlq replay --id 0198f3c2-7a51-7cc0-a1b2-1234567890ab";

/// The migration without which a database has no letters.
const MIGRATION: &str = "events";

/// Letters that are looked through for a replay.
const LOOKED_THROUGH_MAX: u32 = 100_000;

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// List what could not be used, the newest first; with Kafka also records that are no events.
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Ask the running services to try events again, each once and in the order in which they were said.
    ///
    /// An event that fails again stays in the list, with the new reason.
    #[command(after_help = EXAMPLES)]
    Replay(Replay),
}

/// Which letters.
#[derive(Debug, Args)]
struct Choice {
    /// Those of one subscription.
    #[arg(long, value_name = "NAME")]
    subscription: Option<String>,
    /// Those of one topic, such as prosopa.auth.events.v1.
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    choice: Choice,
    /// How many at most.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: u32,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    choice: Choice,
    /// One event; may be given several times.
    #[arg(long, value_name = "ID")]
    id: Vec<Uuid>,
    /// All events of every subscription.
    #[arg(long, conflicts_with_all = ["id", "subscription", "topic"])]
    all: bool,
    /// How many at most, those first that failed first.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT")]
    limit: u32,
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct Line {
    subscription: String,
    topic: String,
    /// None of a record that is no event.
    event_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    attempts: u64,
    failed_at: Option<Timestamp>,
    is_replay_requested: bool,
    reason: String,
}

/// What was asked for.
#[derive(Debug, Serialize)]
struct Requested {
    requested: u64,
}

impl DlqCommand {
    pub(super) const fn place(&self) -> &Place {
        match self {
            Self::List(List { choice, .. }) | Self::Replay(Replay { choice, .. }) => &choice.place,
        }
    }
}

impl Choice {
    fn filter(&self) -> LetterFilter<'_> {
        LetterFilter { subscription: self.subscription.as_deref(), topic: self.topic.as_deref() }
    }
}

pub(super) fn run(command: DlqCommand, settings: &Settings, output: Output) -> Result<(), Failure> {
    let runtime = start_runtime()?;
    match command {
        DlqCommand::List(arguments) => runtime.block_on(list(&arguments, settings, output)),
        DlqCommand::Replay(arguments) => runtime.block_on(replay(&arguments, settings, output)),
    }
}

async fn list(arguments: &List, settings: &Settings, output: Output) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for (_, database) in open(settings).await? {
        let found = find_dead_letters(&database, arguments.choice.filter(), arguments.limit).await;
        database.close().await;
        lines.extend(found?.into_iter().map(Line::of_letter));
    }
    lines.extend(list_records(arguments, settings).await?);
    lines.sort_by_key(|line| std::cmp::Reverse(line.failed_at.map(Timestamp::micros)));
    lines.truncate(usize::try_from(arguments.limit)?);
    Ok(output.list(&lines, text_of)?)
}

/// The list for people.
fn text_of(lines: &[Line]) -> String {
    if lines.is_empty() {
        return "there are no dead letters".to_owned();
    }
    let header = ["SUBSCRIPTION", "TOPIC", "EVENT", "TYPE", "ATTEMPTS", "FAILED AT", "REPLAY", "REASON"];
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let rows = lines.iter().map(|line| {
        vec![
            line.subscription.clone(),
            line.topic.clone(),
            or_none(&line.event_id),
            or_none(&line.kind),
            line.attempts.to_string(),
            or_none(&line.failed_at.map(|time| time.to_string())),
            if line.is_replay_requested { "asked for" } else { "-" }.to_owned(),
            line.reason.clone(),
        ]
    });
    table(&header, &[4], rows)
}

/// Records that are no events lie with the brokers alone; those that are lie in the databases too.
async fn list_records(arguments: &List, settings: &Settings) -> Result<Vec<Line>, Failure> {
    if settings.events.transport == Transport::Outbox {
        return Ok(Vec::new());
    }
    let kafka = Kafka::new(settings.events.kafka.clone())?;
    let Choice { topic: wanted, subscription, .. } = &arguments.choice;
    let topics = TOPICS.iter().map(|topic| topic.name);
    let mut lines = Vec::new();
    for topic in topics.filter(|topic| wanted.as_deref().is_none_or(|wanted| wanted == *topic)) {
        let records = kafka.list_dead_records(topic, arguments.limit).await?;
        let records = records.into_iter().filter(|record| {
            record.attempts == 0 && subscription.as_ref().is_none_or(|wanted| *wanted == record.subscription)
        });
        lines.extend(records.map(Line::of_record));
    }
    Ok(lines)
}

async fn replay(arguments: &Replay, settings: &Settings, output: Output) -> Result<(), Failure> {
    let Replay { choice, id: ids, all, limit } = arguments;
    if !all && ids.is_empty() && choice.subscription.is_none() && choice.topic.is_none() {
        return Err("name --id, --subscription or --topic, or say --all".into());
    }
    let (mut left, mut requested) = (u64::from(*limit), 0);
    for (name, database) in open(settings).await? {
        let letters = find_dead_letters(&database, choice.filter(), LOOKED_THROUGH_MAX).await?;
        let mut wanted: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
        for letter in letters.into_iter().rev() {
            let is_named = ids.is_empty() || ids.contains(&letter.event_id);
            if is_named && letter.replay_requested_at.is_none() {
                wanted.entry(letter.subscription).or_default().push(letter.event_id);
            }
        }
        for (subscription, ids) in wanted {
            let (which, limit) = (Letters::Of(&ids), u32::try_from(left)?);
            let asked = request_replay(&database, &subscription, which, limit, SystemClock.now()).await?;
            (left, requested) = (left - asked, requested + asked);
            tracing::debug!(name, subscription, asked, "replays asked for");
        }
        database.close().await;
    }
    if requested == 0 && !ids.is_empty() {
        return Err("there is no such dead letter, or its replay is asked for already".into());
    }
    let text = |told: &Requested| format!("{} to be replayed by the services that run", told.requested);
    Ok(output.document(&Requested { requested }, text)?)
}

/// The databases of every service that hears something, as far as there are any.
async fn open(settings: &Settings) -> Result<Vec<(&'static str, Database)>, Failure> {
    let databases = Databases::configured(&settings.database, &settings.server.data_dir)?;
    let mut found = Vec::new();
    for (name, list) in schemas() {
        if list.iter().all(|migration| migration.name != MIGRATION) {
            continue;
        }
        match Database::open_as_it_is(&databases.options(name)?).await {
            Ok(database) => found.push((name, database)),
            Err(prosopa_store::Error::NoDatabase(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

impl Line {
    fn of_letter(letter: DeadLetter) -> Self {
        Self {
            subscription: letter.subscription,
            topic: letter.topic,
            event_id: Some(letter.event_id.to_string()),
            kind: Some(letter.kind),
            attempts: letter.attempts,
            failed_at: Some(letter.failed_at),
            is_replay_requested: letter.replay_requested_at.is_some(),
            reason: letter.reason,
        }
    }

    fn of_record(record: DeadRecord) -> Self {
        Self {
            subscription: record.subscription,
            topic: format!("{} {}:{}", record.topic, record.partition, record.offset),
            event_id: None,
            kind: None,
            attempts: 0,
            failed_at: record.time_ms.map(|time_ms| Timestamp::from_micros(time_ms.saturating_mul(1_000))),
            is_replay_requested: false,
            reason: record.reason,
        }
    }
}
