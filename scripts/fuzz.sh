#!/usr/bin/env bash
# Gives everything that reads what strangers send bytes that nobody meant, for FUZZ_SECONDS (600) in all. FUZZ_SEED repeats
# a run, FUZZ_TARGET picks one reader. The status is 1 if one panicked, broke its promise or took too long.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

exec cargo run --locked --quiet --profile fuzz --package prosopa-fuzz
