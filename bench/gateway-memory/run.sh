#!/usr/bin/env bash
# Measures the resident memory of a gateway with 10,000 plans and 100,000 active keys; prints a Markdown table. BENCH_PLANS
# and BENCH_KEYS set other numbers.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-bench-gateway-memory >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec "$target/release/bench-gateway-memory"
