#!/usr/bin/env bash
# Measures logins a second beside what argon2id alone allows, in one run, and the memory of 200 logins at once; prints a
# Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$(bench/accounts.sh)
export PROSOPA_BIN=$programs/prosopa
export PROSOPA_MODEL_PACK=${PROSOPA_MODEL_PACK:-$PWD/models/default}
exec "$programs/bench-logins"
