#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own and takes that down again: `with-postgres.sh COMMAND...`. The command
# finds the server's address in PROSOPA_TEST_POSTGRES, such as postgres://prosopa@127.0.0.1:40123, to which /DATABASE is
# added; the role may make databases. Where that variable is set already, the server it names is used. What the server is
# like, scripts/postgres/server.sh says.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ -n "${PROSOPA_TEST_POSTGRES:-}" ] && exec "$@"

folder=$(mktemp -d)
stop() {
  scripts/postgres/server.sh kill "$folder" || true
  rm -rf "$folder"
}
trap stop EXIT
scripts/postgres/server.sh start "$folder"
PROSOPA_TEST_POSTGRES=$(cat "$folder/address") "$@"
