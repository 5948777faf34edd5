#!/usr/bin/env bash
# Measures what it costs to know who calls: a token, a key and a signature, each beside a plain HMAC in the same run; prints
# a Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$(bench/accounts.sh)
exec "$programs/bench-auth"
