#!/usr/bin/env bash
# The product in one minute: starts it on this machine with a data folder of its own (demo/), signs up a fresh user,
# sends the bundled photo, and shows the faces that came back. Then it goes on until Ctrl-C; with DEMO_ONCE=1 it ends
# there, with status 0 if all of it worked. Needs bin/prosopa and the model pack (make demo sees to both).
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

folder=$root/demo
photo=assets/astronaut.png
ready_timeout_s=120
stop_timeout_s=60
server_pid=

mkdir -p "$folder"
# The server inherits the lock and holds it for as long as it lives.
exec 9>"$folder/lock"
flock --nonblock 9 || die "a demo is already running on $folder"

# Prints its arguments with each port that is taken replaced by a free one.
free_ports() {
  python3 - "$@" <<'PYTHON'
import socket, sys

def bind(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener

held = []
for port in map(int, sys.argv[1:]):
    try:
        held.append(bind(port))
    except OSError:
        held.append(bind(0))
print(*(listener.getsockname()[1] for listener in held))
PYTHON
}

# The status of GET /readyz on the admin port, empty while nobody listens.
readiness() {
  { exec 8<>"/dev/tcp/127.0.0.1/$admin_port"; } 2>/dev/null || return 0
  printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$admin_port" >&8
  local answer
  answer=$(timeout 5 cat <&8) || true
  exec 8>&-
  cut -d ' ' -f 2 <<<"${answer%%$'\r'*}"
}

stop_server() {
  [ -n "$server_pid" ] || return 0
  local pid=$server_pid deadline=$((SECONDS + stop_timeout_s))
  server_pid=
  kill -TERM "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do
    # A server that does not end by itself must not keep the demo for ever.
    [ "$SECONDS" -lt "$deadline" ] || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.1
  done
  wait "$pid"
}
trap 'stop_server || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail_with_log() {
  say "the end of $folder/server.log:"
  tail -n 20 "$folder/server.log" >&2
  die "$1"
}

read -r port admin_port <<<"$(free_ports 8080 9090)"
# What the caller may have set for another server must not get in the way.
unset PROSOPA_TOKEN PROSOPA_PASSWORD PROSOPA_CA_CERT PROSOPA_CLIENT_CERT PROSOPA_CLIENT_KEY
export PROSOPA_SERVER=http://127.0.0.1:$port PROSOPA_CREDENTIALS=$folder/credentials.json

# A process group of its own: Ctrl-C reaches this script alone, and the server is asked to end once.
set -m
bin/prosopa up --data-dir "$folder/data" --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$admin_port" \
  </dev/null >"$folder/server.log" 2>&1 &
server_pid=$!
set +m

say "starting prosopa at $PROSOPA_SERVER (log: demo/server.log)"
until [ "$(readiness)" = 200 ]; do
  kill -0 "$server_pid" 2>/dev/null || fail_with_log "prosopa ended before it was ready"
  [ "$SECONDS" -lt "$ready_timeout_s" ] || fail_with_log "prosopa was not ready within $ready_timeout_s s"
  sleep 0.1
done

read -r name password <<<"$(python3 -c 'import secrets; print("demo-" + secrets.token_hex(4), secrets.token_urlsafe(18))')"
say "signing up as $name"
bin/prosopa register --user-name "$name" --email "$name@example.com" --password-stdin <<<"$password"
bin/prosopa login --user-name "$name" --password-stdin <<<"$password"
say "sending $photo"
bin/prosopa detect "$photo" --save-annotated "$folder/annotated"
say "the picture with its faces: $(find "$folder/annotated" -type f -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)"

if [ "${DEMO_ONCE:-}" = 1 ]; then
  stop_server || fail_with_log "prosopa did not end cleanly"
  exit 0
fi
cat >&2 <<EOT

prosopa goes on at $PROSOPA_SERVER (documentation: $PROSOPA_SERVER/api/docs) until Ctrl-C. In another terminal:

  cd $root
  export PROSOPA_SERVER=$PROSOPA_SERVER PROSOPA_CREDENTIALS=$PROSOPA_CREDENTIALS
  bin/prosopa whoami
  bin/prosopa results list
  bin/prosopa detect YOUR_PHOTO --save-annotated demo/annotated
EOT
wait "$server_pid" || fail_with_log "prosopa ended by itself"
