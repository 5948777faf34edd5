#!/usr/bin/env bash
# Finds out what the build and the tests need and this machine lacks. As root on Debian it is installed; otherwise the
# exact command is printed and the status is 1. Quick when nothing is missing.
#   scripts/setup.sh            what compiles and tests the rules
#   scripts/setup.sh --models   also what fetches the packages of the model pack, unless they are there
#   scripts/setup.sh --tests    all of that, and the servers that tests start for themselves
#   scripts/setup.sh --images   all of that, and what builds and tests images without a registry
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# A compiler without the C library's headers (gcc alone, as minimal images have it) builds nothing.
can_compile() {
  have cc && printf '#include <stdio.h>\nint main(void) { return 0; }\n' | cc -x c - -o /dev/null 2>/dev/null
}

with_models=false with_servers=false with_images=false
case ${1:-} in
  '') ;;
  --models) with_models=true ;;
  --tests) with_models=true with_servers=true ;;
  --images) with_models=true with_servers=true with_images=true ;;
  *) die "unknown option $1" ;;
esac

# Neither a finished pack nor the archive, named or in the cache.
needs_package() {
  $with_models && [ ! -e "$PROSOPA_MODEL_PACK/manifest.json" ] && [ -z "${!1:-}" ] && [ ! -e "$PROSOPA_CACHE/packages/$2" ]
}

rust_version_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
have cargo || die "Rust is missing: install Rust $rust_version_wanted or newer with rustup, then run this again"
rust_version=$(rustc --version | cut -d ' ' -f 2)
if [ "$(printf '%s\n' "$rust_version_wanted" "$rust_version" | sort -V | head -n 1)" != "$rust_version_wanted" ]; then
  die "Rust $rust_version is too old: Prosopa needs $rust_version_wanted (rustup update stable)"
fi

missing=()
can_compile || missing+=(gcc libc6-dev)
have make || missing+=(make)
# The client of Apache Kafka is C and looks for C++ before it is built; Perl configures the OpenSSL within it.
have c++ || missing+=(g++)
have perl || missing+=(perl)
have git || missing+=(git)
have python3 || missing+=(python3)
# The package clients are needed only until the archives of the model pack lie in the cache.
if needs_package PROSOPA_FACE_API_ARCHIVE "$face_api_file"; then have npm || missing+=(nodejs npm); fi
if needs_package PROSOPA_FACENET_ARCHIVE "$facenet_file" || needs_package PROSOPA_RAPIDOCR_ARCHIVE "$rapidocr_file"; then
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
fi
if $with_servers && ! postgres_programs >/dev/null; then missing+=(postgresql); fi
if $with_servers && ! have redis-server; then missing+=(redis-server); fi
# Debian's Python makes no environments by itself; checks and tests have some (scripts/test-python.sh).
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
if $with_servers; then
  have curl || missing+=(curl)
  have openssl || missing+=(openssl)
  # Apache Kafka, and what fetches it.
  have java || missing+=(default-jre-headless)
  have mvn || missing+=(maven)
  # Counts the instructions of a request.
  have valgrind || missing+=(valgrind)
  # Gives the processes of a test a clock of its own.
  compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(libfaketime)
fi
# The OpenID provider that sign-in is tested with.
if $with_servers && ! { have node && have npm; }; then missing+=(nodejs npm); fi
if $with_images; then
  have dockerd || missing+=(docker.io)
  have debootstrap || missing+=(debootstrap)
  have strip || missing+=(binutils)
  # Networks of containers, and what starts several at once.
  have ip || missing+=(iproute2)
  have iptables || missing+=(iptables)
  docker compose version >/dev/null 2>&1 || have docker-compose || missing+=(docker-compose)
fi
[ ${#missing[@]} -gt 0 ] || exit 0

install="apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
have apt-get || die "missing: ${missing[*]} (Debian's names); install them with this system's package manager"
[ "$(id -u)" = 0 ] || die "missing: ${missing[*]}; run as root: $install"
say "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# Tests start PostgreSQL for themselves: installing it must not leave a server running.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  mkdir -p /etc/postgresql-common
  printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
fi
# The same for services of other packages, while they are installed (policy-rc.d of Debian's invoke-rc.d).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update --quiet=2 >/dev/null
apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
  die "apt-get failed; by hand: $install"
