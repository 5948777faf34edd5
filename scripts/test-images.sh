#!/usr/bin/env bash
# Builds the image of the suite on a base that debootstrap makes, in a Docker of its own, and looks at it from outside; then
# runs a command, if one is given, with PROSOPA_BIN naming a program that runs the product in a container:
#   scripts/test-images.sh [COMMAND...]
# No registry of images is needed. As root on Debian, with docker.io and debootstrap; a binary is taken from bin/prosopa, the
# model pack from $PROSOPA_MODEL_PACK, and what was made of Debian is kept in $PROSOPA_CACHE.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ "$(id -u)" = 0 ] || die "starting Docker needs root"
for program in /usr/bin/docker dockerd debootstrap; do
  have "$program" || die "$program is missing: apt-get install docker.io debootstrap"
done

folder=$(mktemp -d)
export DOCKER_HOST=unix://$folder/docker.sock PATH=/usr/bin:$PATH
# A network of its own would need rules of the machine's firewall: containers use the machine's loopback.
dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" --host "$DOCKER_HOST" \
  --bridge none --iptables=false --ip6tables=false >"$folder/log" 2>&1 &
daemon=$!
stop() {
  docker ps --quiet | xargs --no-run-if-empty docker kill >/dev/null 2>&1 || true
  kill "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  # What containers had mounted may take a moment to go.
  rm -rf "$folder" 2>/dev/null || { sleep 2; rm -rf "$folder"; } || true
}
trap stop EXIT
until docker version >/dev/null 2>&1; do
  kill -0 "$daemon" 2>/dev/null || { tail -20 "$folder/log" >&2; die "Docker did not start"; }
  sleep 0.2
done

base=$PROSOPA_CACHE/base-bookworm.tar
if [ ! -e "$base" ]; then
  say "making a base of Debian (once)"
  mkdir -p "$PROSOPA_CACHE"
  debootstrap --variant=minbase bookworm "$folder/base" >"$folder/debootstrap.log" 2>&1 ||
    { tail -5 "$folder/debootstrap.log" >&2; die "debootstrap failed"; }
  tar --directory "$folder/base" --create --file "$base.partial" .
  mv "$base.partial" "$base"
  rm -rf "$folder/base"
fi
docker import - prosopa-test-base:latest <"$base" >/dev/null

strip --strip-debug -o "$folder/prosopa" "$(readlink -f bin/prosopa)"
image=$(PROSOPA_IMAGE=prosopa:test BASE_IMAGE=prosopa-test-base:latest scripts/images.sh --given "$folder/prosopa")

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
# Ended with whoever has started it, however that ends.
exec docker run --rm --init --network host --user 0:0 --read-only --tmpfs /run --volume /tmp:/tmp --workdir "\$PWD" --volume "$root:$root:ro" "\${variables[@]}" $image "\$@"
EOF
chmod +x "$folder/prosopa-in-container"
PROSOPA_BIN=$folder/prosopa-in-container "$@"
