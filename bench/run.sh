#!/usr/bin/env bash
# Measures the optimised build from outside and prints Markdown tables for docs/benchmarks.md. Needs the model pack.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --release --package prosopa-cli --package prosopa-bench-detection >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export PROSOPA_BIN=$target/release/prosopa
export PROSOPA_MODEL_PACK=${PROSOPA_MODEL_PACK:-$PWD/models/default}
exec "$target/release/bench-detection"
