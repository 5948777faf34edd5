# shellcheck shell=bash
# Sourced by the scripts that test containers: a Docker of their own, and bases that debootstrap makes. No registry of images
# is needed. As root on Debian, with docker.io and debootstrap.

docker_pid=

# needs_docker: ends where a program is missing.
needs_docker() {
  [ "$(id -u)" = 0 ] || die "starting Docker needs root"
  local program
  for program in /usr/bin/docker dockerd debootstrap; do
    have "$program" || die "$program is missing: apt-get install docker.io debootstrap"
  done
}

# start_docker FOLDER [OPTION...]: starts a Docker that keeps everything in FOLDER, and says where it is to who asks it.
start_docker() {
  local folder=$1
  shift
  export DOCKER_HOST=unix://$folder/docker.sock PATH=/usr/bin:$PATH
  dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" --host "$DOCKER_HOST" \
    --bridge none "$@" >"$folder/log" 2>&1 &
  docker_pid=$!
  until docker version >/dev/null 2>&1; do
    kill -0 "$docker_pid" 2>/dev/null || { tail -20 "$folder/log" >&2; die "Docker did not start"; }
    sleep 0.2
  done
}

# stop_docker FOLDER: ends it with all that runs in it, and removes the folder.
stop_docker() {
  docker ps --quiet 2>/dev/null | xargs --no-run-if-empty docker kill >/dev/null 2>&1 || true
  if [ -n "$docker_pid" ]; then
    kill "$docker_pid" 2>/dev/null || true
    wait "$docker_pid" 2>/dev/null || true
  fi
  # The machine's own network stays mounted where containers have used it.
  umount "$1"/exec/netns/* 2>/dev/null || true
  # What containers had mounted may take a moment to go.
  rm -rf "$1" 2>/dev/null || { sleep 2; rm -rf "$1"; } || true
}

# make_base NAME FOLDER [PACKAGE...]: prints the archive of a Debian with these packages, made once.
make_base() {
  local archive=$PROSOPA_CACHE/$1.tar folder=$2
  shift 2
  if [ ! -e "$archive" ]; then
    say "making $(basename "$archive") of Debian (once)"
    mkdir -p "$PROSOPA_CACHE"
    debootstrap --variant=minbase ${1:+--include="$(IFS=,; printf '%s' "$*")"} bookworm "$folder/base" >"$folder/debootstrap.log" 2>&1 ||
      { tail -5 "$folder/debootstrap.log" >&2; die "debootstrap failed"; }
    rm -rf "$folder"/base/var/cache/apt/archives/*.deb "$folder"/base/var/lib/apt/lists/*
    tar --directory "$folder/base" --create --file "$archive.partial" .
    mv "$archive.partial" "$archive"
    rm -rf "$folder/base"
  fi
  printf '%s\n' "$archive"
}
