#!/usr/bin/env bash
# Builds the product and what measures its accounts, all in one go, since cargo would compile their dependencies anew for each
# of them; prints the folder of the binaries.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --release --package prosopa-cli --package prosopa-bench-logins --package prosopa-bench-auth \
  --package prosopa-bench-verification >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
printf '%s\n' "$target/release"
