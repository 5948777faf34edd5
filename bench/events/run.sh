#!/usr/bin/env bash
# Measures how long an event takes from its producer to the effect in its consumer, on SQLite and on a PostgreSQL that
# keeps what it acknowledges, then the same over Apache Kafka with the rate of the relay, and prints Markdown tables.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-bench-events >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export PROSOPA_TEST_POSTGRES_DURABLE=on
scripts/with-postgres.sh "$target/release/bench-events"
cargo bench --locked --package prosopa-events --bench relay --no-run >&2
scripts/with-kafka.sh scripts/with-postgres.sh cargo bench --locked --quiet --package prosopa-events --bench relay
