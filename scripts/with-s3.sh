#!/usr/bin/env bash
# Runs a command beside an S3 server of its own and takes that down again: `with-s3.sh COMMAND...`. The command finds the
# server's one bucket in PROSOPA_TEST_S3, such as http://KEY:SECRET@127.0.0.1:40123/prosopa. Where that variable is set
# already, the bucket it names is used.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ -n "${PROSOPA_TEST_S3:-}" ] && exec "$@"

python=$(scripts/test-python.sh s3)
folder=$(mktemp -d)
# It keeps everything in memory, and checks signatures.
"$python" tests/e2e/s3/server.py >"$folder/address" 2>"$folder/log" &
server=$!

stop() {
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}

trap stop EXIT
until [ -s "$folder/address" ]; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; die "the S3 server did not start"; }
  sleep 0.1
done
PROSOPA_TEST_S3=$(cat "$folder/address") "$@"
