#!/usr/bin/env bash
# Starts the product in the foreground and becomes it, so that Ctrl-C and its exit status are the product's own.
# Needs bin/prosopa and the model pack (make run sees to both). Options are those of `prosopa up`.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

exec bin/prosopa up "$@"
