#!/usr/bin/env bash
# Runs a command beside a Redis of its own and takes that down again: `with-redis.sh COMMAND...`. The command finds the
# server's address in PROSOPA_TEST_REDIS, such as redis://127.0.0.1:40123/0. Where that variable is set already, the
# server it names is used. Tests that stop a server start one themselves.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ -n "${PROSOPA_TEST_REDIS:-}" ] && exec "$@"

have redis-server || die "Redis is not installed: \`scripts/setup.sh --tests\` installs it"

folder=$(mktemp -d)
# Nothing asks for the rights of root.
drop_rights "$folder"
port=$(free_ports 1)

cd "$folder"
"${unprivileged[@]}" redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no >"$folder/log" 2>&1 &
server=$!
stop() {
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
until grep -q 'Ready to accept' "$folder/log"; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; die "Redis did not start"; }
  sleep 0.05
done
cd "$root"
PROSOPA_TEST_REDIS=redis://127.0.0.1:$port/0 "$@"
