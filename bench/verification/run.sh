#!/usr/bin/env bash
# Measures verifications of a token and a key, asked for and kept, in one process and over gRPC; prints a Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-bench-verification >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec "$target/release/bench-verification"
