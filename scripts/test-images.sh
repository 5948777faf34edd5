#!/usr/bin/env bash
# Builds the image of the suite on a base that debootstrap makes, in a Docker of its own, and looks at it from outside; then
# runs a command, if one is given, with PROSOPA_BIN naming a program that runs the product in a container:
#   scripts/test-images.sh [COMMAND...]
#   scripts/test-images.sh --compiled   compiles it in the image's own stages, as $PROFILE (dev), with this machine's Rust
# No registry of images is needed. As root on Debian, with docker.io and debootstrap; else a binary is taken from bin/prosopa
# and the model pack from $PROSOPA_MODEL_PACK. What was made of Debian is kept in $PROSOPA_CACHE.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/docker.sh
. scripts/docker.sh

needs_docker
folder=$(mktemp -d)
# A network of its own would need rules of the machine's firewall: containers use the machine's loopback.
trap 'stop_docker "$folder"' EXIT
start_docker "$folder" --iptables=false --ip6tables=false

base=$(make_base base-bookworm "$folder")
docker import - prosopa-test-base:latest <"$base" >/dev/null

export PROSOPA_IMAGE=prosopa:test BASE_IMAGE=prosopa-test-base:latest
if [ "${1:-}" = --compiled ]; then
  shift
  mkdir "$folder/rust"
  # Where the image of Rust has it, without its books; and whom this machine trusts, whose network may have an authority of its own.
  tar --directory "$(rustc --print sysroot)" --create --file "$folder/rust/toolchain.tar" bin lib libexec
  cp -L /etc/ssl/certs/ca-certificates.crt "$folder/rust/authorities.crt"
  bundle=/usr/local/share/authorities.crt
  printf '%s\n' "FROM $BASE_IMAGE" 'ADD toolchain.tar /usr/local/' 'COPY authorities.crt /usr/local/share/' \
    "ENV CARGO_HOME=/usr/local/cargo CARGO_HTTP_CAINFO=$bundle NODE_EXTRA_CA_CERTS=$bundle PIP_CERT=$bundle" >"$folder/rust/Dockerfile"
  DOCKER_BUILDKIT=1 docker build --quiet --tag prosopa-test-rust:latest "$folder/rust" >/dev/null
  rm -r "$folder/rust"
  image=$(RUST_IMAGE=prosopa-test-rust:latest PROFILE=${PROFILE:-dev} BUILD_NETWORK=host scripts/images.sh)
else
  strip --strip-debug -o "$folder/prosopa" "$(readlink -f bin/prosopa)"
  image=$(scripts/images.sh --given "$folder/prosopa")
fi

say "looking at $image"
# As little as a container can be given: no rights, nothing to write to but /data and /tmp.
run=(docker run --network none --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --pids-limit 256)
wanted="prosopa $(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
version=$("${run[@]}" --rm "$image" --version)
[ "$version" = "$wanted" ] || die "the image says '$version', not '$wanted'"
user=$(docker image inspect --format '{{.Config.User}}' "$image")
[ "$user" = 65532:65532 ] || die "the image runs as '$user'"
container=$("${run[@]}" --detach --volume prosopa-test-data:/data "$image")
for ((attempt = 0; ; attempt++)); do
  docker exec "$container" healthy 9090 2>/dev/null && break
  [ "$attempt" -lt 240 ] || { docker logs "$container" >&2; die "the product in the container is not ready"; }
  sleep 0.5
done
docker exec "$container" healthy 9099 2>/dev/null && die "nobody is well on a port where nobody is"
docker stop --time 30 "$container" >/dev/null
status=$(docker inspect --format '{{.State.ExitCode}}' "$container")
[ "$status" = 0 ] || { docker logs "$container" >&2; die "the product in the container ended with $status"; }
docker rm "$container" >/dev/null
say "the image is well: $(docker image inspect --format '{{.Size}}' "$image") bytes"

[ $# -gt 0 ] || exit 0

# The same command line as the binary's, in a container that uses this machine's loopback and temporary folder.
cat >"$folder/prosopa-in-container" <<EOF
#!/usr/bin/env bash
set -euo pipefail
variables=()
while IFS= read -r name; do variables+=(--env "\$name"); done < <(compgen -e | grep -E '^PROSOPA_|_MICROSERVICE_URL\$' | grep -v '^PROSOPA_MODEL_PACK\$')
# Docker's client leaves its container running if it is killed, so one who outlives it ends the container.
name=prosopa-\$\$
(tail --pid=\$\$ --sleep-interval=0.1 --follow /dev/null; docker kill "\$name") </dev/null >/dev/null 2>&1 &
exec docker run --rm --init --interactive --name "\$name" --network host --user 0:0 --read-only --tmpfs /run --volume /tmp:/tmp --workdir "\$PWD" --volume "$root:$root:ro" "\${variables[@]}" $image "\$@"
EOF
chmod +x "$folder/prosopa-in-container"
PROSOPA_BIN=$folder/prosopa-in-container "$@"
