#!/usr/bin/env bash
# Measures the product in one process beside the product with each service in a process of its own, both on the same PostgreSQL,
# Kafka, Redis and S3 server, and prints Markdown tables. Needs the model pack.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-cli --package prosopa-bench-detection >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export PROSOPA_BIN=$target/release/prosopa
export PROSOPA_MODEL_PACK=${PROSOPA_MODEL_PACK:-$PWD/models/default}
scripts/with-servers.sh "$target/release/bench-detection" graph
