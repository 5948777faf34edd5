#!/usr/bin/env bash
# Measures how long an event takes from its producer to the effect in its consumer, on SQLite and on a PostgreSQL that
# keeps what it acknowledges, and prints a Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-bench-events >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
PROSOPA_TEST_POSTGRES_DURABLE=on exec scripts/with-postgres.sh "$target/release/bench-events"
