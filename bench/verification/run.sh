#!/usr/bin/env bash
# Measures verifications of a token and a key, asked for and kept, in one process and over gRPC; prints a Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$(bench/accounts.sh)
exec "$programs/bench-verification"
