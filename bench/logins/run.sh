#!/usr/bin/env bash
# Measures logins a second beside what argon2id alone allows, in one run, and the memory of 200 logins at once; prints a
# Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-cli --package prosopa-bench-logins >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export PROSOPA_BIN=$target/release/prosopa
export PROSOPA_MODEL_PACK=${PROSOPA_MODEL_PACK:-$PWD/models/default}
exec "$target/release/bench-logins"
