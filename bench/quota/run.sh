#!/usr/bin/env bash
# Measures quota spends and what a request pays for durability, on SQLite and on a PostgreSQL that keeps what it acknowledges;
# prints Markdown tables. BENCH_SECONDS sets the length of each measurement (2).
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-bench-quota >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
PROSOPA_TEST_POSTGRES_DURABLE=on exec scripts/with-postgres.sh "$target/release/bench-quota"
