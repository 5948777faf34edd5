# shellcheck shell=bash
# Sourced by every script: the places that all of them use, and how they speak. It does nothing by itself.

# The checkout, whatever folder the caller is in.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# Where downloads and installed tools outlive this checkout.
export PROSOPA_CACHE=${PROSOPA_CACHE:-$HOME/.cache/prosopa}

# The model pack, always absolute: tests run in their crates' folders.
PROSOPA_MODEL_PACK=${PROSOPA_MODEL_PACK:-models/default}
case $PROSOPA_MODEL_PACK in /*) ;; *) PROSOPA_MODEL_PACK=$root/$PROSOPA_MODEL_PACK ;; esac
export PROSOPA_MODEL_PACK

# The archives of the model pack, as they are kept in $PROSOPA_CACHE/packages.
# shellcheck disable=SC2034 # Used by those who source this.
face_api_file=face-api-1.7.15.tgz facenet_file=facenet_pytorch-2.6.0-py3-none-any.whl \
  rapidocr_file=rapidocr_onnxruntime-1.4.4-py3-none-any.whl

# What a person should know, on stderr: stdout belongs to results.
say() { printf '%s\n' "$*" >&2; }

die() { say "error: $*"; exit 1; }

have() { command -v "$1" >/dev/null 2>&1; }

# The folder of PostgreSQL's programs, the newest where there are several. Debian keeps each version's off the PATH.
postgres_programs() {
  local folder
  folder=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$folder" ] || folder=$(pg_config --bindir 2>/dev/null) || return 1
  [ -x "$folder/initdb" ] && printf '%s' "$folder"
}

# Where `cargo install` puts a pinned tool, one folder a version, so that two checkouts may pin different ones.
tool_root() { printf '%s/tools/%s-%s' "$PROSOPA_CACHE" "$1" "$2"; }

# install_tool NAME VERSION [CARGO OPTION...]: make sure that the pinned cargo tool is there, and put it on the PATH.
install_tool() {
  local name=$1 version=$2 tool
  shift 2
  tool=$(tool_root "$name" "$version")
  if [ ! -x "$tool/bin/$name" ]; then
    say "installing $name $version into $tool (once)"
    # A debug build: these tools run for seconds, so the time to build them counts for more.
    CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$tool/target \
      cargo install --quiet --locked --debug --root "$tool" "$@" "$name@$version" ||
      die "$name $version could not be installed"
    rm -rf "$tool/target"
  fi
  PATH=$tool/bin:$PATH
}

# free_ports COUNT: ports of 127.0.0.1 that nobody listens on now.
free_ports() {
  python3 -c '
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in sockets: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))' "$1"
}

# drop_rights FOLDER: where this is root, gives the folder to nobody, and makes $unprivileged what runs a program as nobody.
drop_rights() {
  # shellcheck disable=SC2034 # Used by those who source this.
  unprivileged=()
  [ "$(id -u)" = 0 ] || return 0
  chown 65534:65534 "$1"
  # shellcheck disable=SC2034 # As above.
  unprivileged=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
}
