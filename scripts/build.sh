#!/usr/bin/env bash
# Builds the binary and links it as bin/prosopa, wherever cargo's target folder is.
# Options are cargo's: scripts/build.sh --release
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# Cargo's own message names the file: a target folder or triple may be set in the environment or in a config file.
binary=$(cargo build --locked --package prosopa-cli --bin prosopa --message-format=json-render-diagnostics "$@" |
  python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "prosopa":
        print(message["executable"])
')
[ -x "$binary" ] || die "cargo built no binary named prosopa"
mkdir -p bin
ln -sfn "$binary" bin/prosopa
