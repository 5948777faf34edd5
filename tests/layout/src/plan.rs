//! The plan of the house as data: which crates there are, what each may use, and who alone may name which library.
//!
//! It repeats `ARCHITECTURE.md`. A new name here needs a sentence there that fits into no other crate's sentence.

/// What a crate in `crates/` is called and which workspace crates it may use.
#[derive(Debug, Clone, Copy)]
pub struct Crate {
    /// The folder's name; the package is called `prosopa-` and this.
    pub name: &'static str,
    /// Groups of folder names in `crates/` that it may depend on.
    pub may_use: &'static [&'static [&'static str]],
}

/// Words that everything shares; they know no mechanism.
pub const VOCABULARY: &[&str] = &["model", "contract", "problem"];

/// How things are done; they know no service, and each other only where [`CRATES`] says so.
pub const MECHANISMS: &[&str] = &["http", "store", "vault", "events", "jobs", "telemetry"];

/// Every crate in `crates/`.
pub const CRATES: &[Crate] = &[
    Crate { name: "model", may_use: &[] },
    Crate { name: "contract", may_use: &[&["model"]] },
    Crate { name: "problem", may_use: &[&["model"]] },
    Crate { name: "http", may_use: &[VOCABULARY] },
    // Calls of Redis are counted, whoever makes them.
    Crate { name: "store", may_use: &[VOCABULARY, &["telemetry"]] },
    // Keys of subjects are rows of a database of their own, so that they can be destroyed and kept out of long backups.
    Crate { name: "vault", may_use: &[VOCABULARY, &["store"]] },
    Crate { name: "telemetry", may_use: &[VOCABULARY] },
    // Outbox, inbox and cursors are rows that are committed with their cause; how far readers lag is measured.
    Crate { name: "events", may_use: &[VOCABULARY, &["store", "telemetry"]] },
    // A job is a row too, the job resource is spoken over HTTP, and workers are scaled by the queue's metrics.
    Crate { name: "jobs", may_use: &[VOCABULARY, &["store", "http", "telemetry"]] },
    Crate { name: "runtime", may_use: &[VOCABULARY, MECHANISMS] },
    Crate { name: "testkit", may_use: &[VOCABULARY, MECHANISMS, &["runtime"]] },
];

/// What a service may use in `crates/`; other services it may not use at all.
pub const SERVICE_MAY_USE: &[&[&str]] = &[VOCABULARY, MECHANISMS, &["runtime"]];

/// Every service in `services/`.
pub const SERVICES: &[&str] =
    &["auth", "gateway", "detection", "engine", "analytics", "search", "media", "notifications"];

/// Folders with a package outside `crates/` and `services/`.
pub const OTHERS: &[&str] = &[
    "cli",
    "operator",
    "operator/crd",
    "bench/auth",
    "bench/detection",
    "bench/documents",
    "bench/events",
    "bench/gateway",
    "bench/gateway-memory",
    "bench/jobs",
    "bench/logins",
    "bench/quota",
    "bench/verification",
    "tests/layout",
    "tests/harness",
    "tests/e2e",
    "tests/faults",
    "tests/fuzz",
    "tests/cluster",
];

/// A library and its family (`name`, `name-…`), and the only folders whose packages may name it.
pub const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["crates/store"]),
    ("redis", &["crates/store"]),
    ("candle", &["services/engine"]),
    ("rten", &["services/engine"]),
    ("rdkafka", &["crates/events"]),
    ("kube", &["operator", "operator/crd"]),
];
