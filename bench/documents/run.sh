#!/usr/bin/env bash
# Measures documents and matches a second through the optimised build on SQLite, by 1 and by 8 callers, and prints a Markdown
# table. Needs the model pack, and fetches the fonts of the drawn documents.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release --package prosopa-cli --package prosopa-bench-documents >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export PROSOPA_BIN=$target/release/prosopa
export PROSOPA_MODEL_PACK=${PROSOPA_MODEL_PACK:-$PWD/models/default}
PROSOPA_TEST_FONTS=${PROSOPA_TEST_FONTS:-$(scripts/fonts.sh)}
export PROSOPA_TEST_FONTS
exec "$target/release/bench-documents"
