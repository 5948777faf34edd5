use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};
use prosopa_contract::events::EncodedUsageRecorded;
use prosopa_events::EVENT_BYTES_MAX;
use prosopa_telemetry::Metrics;

use super::*;
use crate::{
    metrics::SpoolMetrics,
    usage::{End, Entry, Spool},
};

/// What may happen to a spool.
#[derive(Debug, Clone, Copy)]
enum Step {
    Begin,
    /// One of those that are open is answered.
    Answer(usize),
    /// The client of one of them goes away.
    Abort(usize),
    Flush,
    /// So many are published.
    Publish(usize),
    /// Whoever publishes begins again.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Begin),
        3 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::Abort),
        2 => Just(Step::Flush),
        2 => (1..5_usize).prop_map(Step::Publish),
        1 => Just(Step::Restart),
    ];
    vec(step, 0..120)
}

fn metrics() -> SpoolMetrics {
    let counters = Metrics::new().counters("records_total", "Records", &["outcome"]).unwrap();
    SpoolMetrics {
        lost: counters.with_label_values(&["lost"]),
        published: counters.with_label_values(&["published"]),
    }
}

struct World {
    home: tempfile::TempDir,
    id: Uuid,
    spool: Spool,
    reader: Reader,
    published: Position,
    told: Vec<UsageRecord>,
}

impl World {
    fn new(bytes_max: u64) -> Self {
        let (home, id) = (tempfile::tempdir().unwrap(), Uuid::now_v7());
        let spool = Spool::begin(home.path(), id, bytes_max, metrics()).unwrap();
        let reader = Self::reader(&home, id, Position::default());
        Self { home, id, spool, reader, published: Position::default(), told: Vec::new() }
    }

    fn reader(home: &tempfile::TempDir, id: Uuid, published: Position) -> Reader {
        Reader::new(home.path().join(id.to_string()), id, published).unwrap()
    }

    fn publish(&mut self, count: usize) -> bool {
        let records = self.reader.read_some(count).unwrap();
        if records.is_empty() {
            return false;
        }
        self.told.extend(records.iter().map(|record| decode(record)));
        self.published = self.reader.position;
        self.reader.remove_published().unwrap();
        true
    }

    fn restart(&mut self) {
        self.reader = Self::reader(&self.home, self.id, self.published);
    }
}

fn decode(record: &[u8]) -> UsageRecord {
    UsageRecord::decode(record).unwrap()
}

fn intent(name: usize) -> UsageRecord {
    UsageRecord { operation: name.to_string(), ..UsageRecord::default() }
}

proptest! {
    /// S12: every request is told of once, with how it ended, whatever is read when, and whoever begins again.
    #[test]
    fn every_request_is_told_of_once(steps in steps()) {
        let mut world = World::new(1 << 30);
        let mut open: Vec<(usize, Entry)> = Vec::new();
        let (mut begun, mut expected) = (0, BTreeMap::new());
        for step in steps {
            match step {
                Step::Begin => {
                    open.push((begun, world.spool.note(intent(begun))));
                    begun += 1;
                }
                Step::Answer(index) if !open.is_empty() => {
                    let (name, entry) = open.swap_remove(index % open.len());
                    entry.end(End { status: 201, ..End::default() });
                    expected.insert(name, ("answered", 201));
                }
                Step::Abort(index) if !open.is_empty() => {
                    let (name, entry) = open.swap_remove(index % open.len());
                    drop(entry);
                    expected.insert(name, ("aborted", 0));
                }
                Step::Flush => world.spool.flush(),
                Step::Publish(count) => { world.publish(count); }
                Step::Restart => world.restart(),
                Step::Answer(_) | Step::Abort(_) => {}
            }
        }
        // The process dies: what lies in the files is all that there is, and nothing of it ends any more.
        world.spool.flush();
        for (name, entry) in open {
            std::mem::forget(entry);
            expected.insert(name, ("unknown", 0));
        }
        world.restart();
        while world.publish(3) {}
        let open = world.reader.close();
        world.told.extend(open.iter().map(|record| decode(record)));
        prop_assert_eq!(world.told.len(), begun);
        for record in world.told {
            let name: usize = record.operation.parse().unwrap();
            prop_assert_eq!(expected.remove(&name), Some((record.outcome.as_str(), record.status)));
        }
    }
}

/// F5: a spool that nobody publishes ends to grow; once it is published it goes on, and its files are gone.
#[test]
fn a_full_spool_goes_on_once_it_is_published() {
    let mut world = World::new(16 * 1024 * 1024);
    let large = UsageRecord { path: "x".repeat(60_000), ..UsageRecord::default() };
    let lost = |world: &World| world.spool.lost();
    for _ in 0..2_000 {
        world.spool.note(large.clone()).end(End { status: 200, ..End::default() });
    }
    let refused = lost(&world);
    assert!(refused > 0, "24 MiB are not 120 MB");
    while world.publish(100) {}
    assert!(list_segments(&world.home.path().join(world.id.to_string())).unwrap().len() <= 1);
    assert!(!world.told.is_empty());
    world.spool.retry_now();
    let before = world.told.len();
    world.spool.note(intent(1)).end(End { status: 200, ..End::default() });
    world.spool.flush();
    while world.publish(100) {}
    assert!(world.told.len() > before);
    assert_eq!(world.told.last().unwrap().operation, "1");
}

/// F10: what is told at once can be published as one event, however large the records are, and all of it is told.
#[test]
fn large_records_are_told_in_smaller_batches() {
    let mut world = World::new(1 << 30);
    let large = UsageRecord { path: "x".repeat(60_000), ..UsageRecord::default() };
    for _ in 0..200 {
        world.spool.note(large.clone()).end(End { status: 200, ..End::default() });
    }
    world.spool.flush();
    let mut told = 0;
    loop {
        let records = world.reader.read_some(200).unwrap();
        if records.is_empty() {
            break;
        }
        told += records.len();
        let event = EncodedUsageRecorded { spool_id: world.id.to_string(), records };
        assert!(event.encoded_len() < EVENT_BYTES_MAX, "{} bytes", event.encoded_len());
    }
    assert_eq!(told, 200);
}

/// S12: what a crash left half written is passed over.
#[test]
fn half_a_frame_at_the_end_is_not_read() {
    let mut world = World::new(1 << 30);
    for name in 0..3 {
        world.spool.note(intent(name)).end(End { status: 200, ..End::default() });
    }
    world.spool.flush();
    let path = segment_path(&world.home.path().join(world.id.to_string()), 0);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    while world.publish(1) {}
    assert_eq!(world.told.len(), 2);
    let open: Vec<UsageRecord> = world.reader.close().iter().map(|record| decode(record)).collect();
    assert_eq!((open.len(), open[0].operation.as_str(), open[0].outcome.as_str()), (1, "2", "unknown"));
}
