#!/usr/bin/env bash
# Runs the tests and prints line coverage, a line per file and the sum, with a pinned cargo-tarpaulin that is installed
# into the cache on first use. Needs the model pack.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# Optimised, unlike the other tools: it reads a profile of tens of megabytes for every process that the tests start.
CARGO_PROFILE_DEV_OPT_LEVEL=2 install_tool cargo-tarpaulin 0.37.5 --no-default-features
target=$(cargo metadata --no-deps --format-version 1 |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
# The compiler's own instrumentation: tracing by breakpoints loses lines in programs with many threads. A target folder
# of its own, since instrumented code is compiled with flags that would throw away the ordinary build. What the tests
# start as a program of its own (bin/prosopa's twin in that folder) counts too.
export RUSTC_WRAPPER=$root/scripts/instrument-members.sh
exec cargo tarpaulin --locked --workspace --engine llvm --follow-exec --no-fail-fast --timeout 600 --skip-clean \
  --target-dir "$target/coverage" --out stdout --color never --exclude-files 'tests/*' '*/tests/*' "$@"
