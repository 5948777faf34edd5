#!/usr/bin/env bash
# Measures what it costs to know who calls: a token, a key and a signature, each beside a plain HMAC in the same run; prints
# a Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-bench-auth >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec "$target/release/bench-auth"
