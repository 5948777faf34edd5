#!/usr/bin/env bash
# The compiler as `make coverage` calls it: `instrument-members.sh RUSTC ARGUMENT...`. Leaves the instrumentation out of
# every crate that is not of this workspace: nobody asks for their coverage, and counted arithmetic kernels are so slow
# that tests run into the product's own deadlines.
set -euo pipefail
compiler=$1
shift
arguments=()
for argument in "$@"; do
  if [ -n "${CARGO_PRIMARY_PACKAGE:-}" ] || [ "$argument" != -Cinstrument-coverage ]; then arguments+=("$argument"); fi
done
exec "$compiler" "${arguments[@]}"
