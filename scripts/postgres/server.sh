#!/usr/bin/env bash
# One PostgreSQL server on loopback, with everything it keeps in FOLDER.
#   server.sh start FOLDER   makes it where there is none, starts it, waits until it answers; FOLDER/address says where, such
#                            as postgres://prosopa@127.0.0.1:40123, to which /DATABASE is added; the role may make databases
#   server.sh kill FOLDER    the end as a power cut makes it
#   server.sh fill FOLDER    leaves no room on its disk, which it has of its own where PROSOPA_TEST_POSTGRES_DISK_MIB says how large
#   server.sh free FOLDER    makes room again, and starts it if it has given up meanwhile
# Its port stays the same from one start to the next. Nothing is flushed, unless PROSOPA_TEST_POSTGRES_DURABLE=on says so.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../common.sh"

[ $# = 2 ] || die "usage: server.sh start|kill|fill|free FOLDER"
action=$1
folder=$(mkdir -p "$2" && cd "$2" && pwd)
programs=$(postgres_programs) || die "PostgreSQL is not installed: \`scripts/setup.sh --tests\` installs it"
# The server refuses to run as root.
drop_rights "$folder"
cd "$folder"

# The disk is memory, mounted where nobody else sees it, for as long as somebody is there and the folder is.
if [ -n "${PROSOPA_TEST_POSTGRES_DISK_MIB:-}" ] && [ -z "${PROSOPA_TEST_POSTGRES_DISK_HOLDER:-}" ]; then
  if [ ! -e holder ]; then
    [ "$(id -u)" = 0 ] || die "a disk of its own needs root"
    mkdir data
    # shellcheck disable=SC2016 # The other shell expands it.
    hold='mount -t tmpfs -o "size=$1m,mode=0700,uid=65534,gid=65534" tmpfs data && echo $$ >holder.new && mv holder.new holder &&
      while [ -e "$2/holder" ]; do sleep 1; done'
    setsid unshare --mount sh -c "$hold" - "$PROSOPA_TEST_POSTGRES_DISK_MIB" "$folder" </dev/null >/dev/null 2>holder.log &
    for ((attempt = 0; attempt < 100; attempt++)); do [ -e holder ] && break; sleep 0.1; done
    [ -e holder ] || { cat holder.log >&2; die "no disk of its own: mount namespaces are forbidden here"; }
  fi
  holder=$(cat holder)
  # At the holder's root, which need not be the machine's.
  PROSOPA_TEST_POSTGRES_DISK_HOLDER=$holder exec nsenter --mount --root --target "$holder" "$root/scripts/postgres/server.sh" "$action" "$folder"
fi

start() {
  local durable port
  if [ ! -e address ]; then
    "${unprivileged[@]}" "$programs/initdb" --pgdata data --username prosopa --auth trust --encoding UTF8 \
      --locale C --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; die "initdb failed"; }
    printf 'postgres://prosopa@127.0.0.1:%s\n' "$(free_ports 1)" >address
  fi
  port=$(sed 's/.*://' address)
  durable=${PROSOPA_TEST_POSTGRES_DURABLE:-off}
  # Each test has databases, and so connections, of its own.
  "${unprivileged[@]}" "$programs/pg_ctl" --pgdata "$folder/data" --log "$folder/log" --wait --silent start --options "\
    -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder -c fsync=$durable \
    -c full_page_writes=$durable -c synchronous_commit=$durable -c max_connections=400 -c max_wal_size=4GB \
    -c autovacuum=off" </dev/null >/dev/null || { cat log >&2; die "PostgreSQL did not start"; }
}

case $action in
  start) start ;;
  fill) dd if=/dev/zero of=data/ballast bs=64k status=none 2>/dev/null || true ;;
  free)
    rm data/ballast
    "${unprivileged[@]}" "$programs/pg_ctl" --pgdata "$folder/data" status >/dev/null || start
    ;;
  kill) "${unprivileged[@]}" "$programs/pg_ctl" --pgdata "$folder/data" --mode immediate --silent stop ;;
  *) die "unknown action $action" ;;
esac
