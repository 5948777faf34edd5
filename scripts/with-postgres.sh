#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own and takes that down again: `with-postgres.sh COMMAND...`. The command
# finds the server's address in PROSOPA_TEST_POSTGRES, such as postgres://prosopa@127.0.0.1:40123, to which /DATABASE is
# added; the role may make databases. Where that variable is set already, the server it names is used.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ -n "${PROSOPA_TEST_POSTGRES:-}" ] && exec "$@"

programs=$(postgres_programs) || die "PostgreSQL is not installed: \`scripts/setup.sh --tests\` installs it"

folder=$(mktemp -d)
# The server refuses to run as root.
drop_rights "$folder"
port=$(free_ports 1)

stop() {
  (cd / && "${unprivileged[@]}" "$programs/pg_ctl" --pgdata "$folder/data" --mode immediate --silent stop) || true
  rm -rf "$folder"
}

cd "$folder"
"${unprivileged[@]}" "$programs/initdb" --pgdata "$folder/data" --username prosopa --auth trust --encoding UTF8 \
  --locale C --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; die "initdb failed"; }
trap stop EXIT
# Nothing here outlives the run, so nothing is flushed, unless durability itself is measured. Each test has databases, and
# so connections, of its own.
durable=${PROSOPA_TEST_POSTGRES_DURABLE:-off}
"${unprivileged[@]}" "$programs/pg_ctl" --pgdata "$folder/data" --log "$folder/log" --wait --silent start --options "\
  -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder -c fsync=$durable -c full_page_writes=$durable \
  -c synchronous_commit=$durable -c max_connections=400 -c max_wal_size=4GB -c autovacuum=off" ||
  { cat "$folder/log" >&2; die "PostgreSQL did not start"; }
cd "$root"
PROSOPA_TEST_POSTGRES=postgres://prosopa@127.0.0.1:$port "$@"
