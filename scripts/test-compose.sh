#!/usr/bin/env bash
# Starts everything of deploy/compose by scripts/deploy.sh, in a Docker and a network of their own, with images of the other
# servers that are made of Debian's packages; waits until all are well; runs a command, by default the tests that need
# a deployment, with PROSOPA_TEST_DEPLOYMENT naming it; and takes everything down:
#   scripts/test-compose.sh [COMMAND...]
# No registry of images is needed. As root on Debian, with docker.io, debootstrap and Docker Compose; a binary is taken from
# bin/prosopa, the model pack from $PROSOPA_MODEL_PACK. Debian's docker-compose (1.29) will do, with a copy of the file that
# leaves out what it does not know.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/docker.sh
. scripts/docker.sh

# Bridges, addresses and rules of the containers' networks stay in a namespace. What is fetched comes before it.
if [ -z "${PROSOPA_COMPOSE_FOLDER:-}" ]; then
  needs_docker
  PROSOPA_COMPOSE_FOLDER=$(mktemp -d)
  export PROSOPA_COMPOSE_FOLDER
  trap 'rm -rf "$PROSOPA_COMPOSE_FOLDER"' EXIT
  make_base base-bookworm "$PROSOPA_COMPOSE_FOLDER" >/dev/null
  packages=(postgresql redis-server default-jre-headless python3-venv wget ca-certificates)
  make_base backing-bookworm "$PROSOPA_COMPOSE_FOLDER" "${packages[@]}" >/dev/null
  scripts/kafka/fetch.sh >/dev/null
  scripts/test-python.sh compose >/dev/null
  # The S3 server's packages, for the Python of the image.
  s3=$PROSOPA_CACHE/backing-s3-$(sha256sum tests/e2e/s3/requirements.txt | cut -c 1-16).tar
  if [ ! -e "$s3" ]; then
    say "fetching what the S3 server is made of (once)"
    mkdir "$PROSOPA_COMPOSE_FOLDER/backing"
    tar --directory "$PROSOPA_COMPOSE_FOLDER/backing" --extract --file "$PROSOPA_CACHE/backing-bookworm.tar"
    cp /etc/resolv.conf "$PROSOPA_COMPOSE_FOLDER/backing/etc/resolv.conf"
    cp /etc/ssl/certs/ca-certificates.crt "$PROSOPA_COMPOSE_FOLDER/backing/etc/ssl/certs/ca-certificates.crt"
    cp tests/e2e/s3/requirements.txt "$PROSOPA_COMPOSE_FOLDER/backing/tmp/"
    chroot "$PROSOPA_COMPOSE_FOLDER/backing" sh -c 'python3 -m venv /opt/s3 &&
      /opt/s3/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --requirement /tmp/requirements.txt' >&2 ||
      die "the packages of the S3 server could not be installed"
    tar --directory "$PROSOPA_COMPOSE_FOLDER/backing" --create --file "$s3.partial" opt/s3
    mv "$s3.partial" "$s3"
    rm -rf "$PROSOPA_COMPOSE_FOLDER/backing"
  fi
  PROSOPA_COMPOSE_S3=$s3 unshare --net --mount "$0" "$@"
  exit
fi

folder=$PROSOPA_COMPOSE_FOLDER
deployment=$folder/deployment
ip link set lo up
# shellcheck disable=SC2317 # It is the trap's.
stop() {
  "${compose[@]}" down --volumes --timeout 10 >/dev/null 2>&1 || true
  stop_docker "$folder/docker"
}
compose=(true)
trap stop EXIT
mkdir "$folder/docker" "$deployment"
start_docker "$folder/docker"

say "making the images"
docker import - prosopa-test-base:latest <"$PROSOPA_CACHE/base-bookworm.tar" >/dev/null
strip --strip-debug -o "$folder/prosopa" "$(readlink -f bin/prosopa)"
PROSOPA_IMAGE=prosopa:test BASE_IMAGE=prosopa-test-base:latest scripts/images.sh --given "$folder/prosopa" >/dev/null
rm "$folder/prosopa"
mkdir "$folder/backing"
cp -r tests/e2e/compose/backing "$folder/backing/programs"
cp -r "$(scripts/kafka/fetch.sh)" "$folder/backing/libs"
cp "$PROSOPA_COMPOSE_S3" "$folder/backing/s3.tar"
docker import - prosopa-test-backing:base <"$PROSOPA_CACHE/backing-bookworm.tar" >/dev/null
cat >"$folder/backing/Dockerfile" <<'DOCKERFILE'
FROM prosopa-test-backing:base
ADD s3.tar /
COPY libs /opt/kafka/libs
COPY programs/kafka-broker-api-versions.sh /opt/kafka/bin/
COPY programs/entrypoint programs/versitygw /usr/local/bin/
RUN ["ln", "-s", "/usr/lib/postgresql/15/bin/pg_isready", "/usr/local/sbin/pg_isready"]
ENTRYPOINT ["/usr/local/bin/entrypoint"]
CMD ["kafka"]
DOCKERFILE
DOCKER_BUILDKIT=1 docker build --quiet --network none --tag prosopa-test-backing:1 "$folder/backing" >/dev/null
rm -rf "$folder/backing"

export PROSOPA_IMAGE=prosopa:test PROSOPA_DEPLOYMENT=$deployment
for name in POSTGRES KAFKA REDIS S3; do export "${name}_IMAGE=prosopa-test-backing:1"; done
cp deploy/compose/compose.yaml "$deployment/"
began=$SECONDS
if docker compose version >/dev/null 2>&1; then
  compose=(docker compose --file "$deployment/compose.yaml")
  scripts/deploy.sh || { "${compose[@]}" ps --all >&2; "${compose[@]}" logs --tail 40 >&2; die "not everything is well"; }
else
  have docker-compose || die "Docker Compose is missing: apt-get install docker-compose"
  scripts/deploy.sh --prepare
  "$(scripts/test-python.sh compose)" tests/e2e/compose/older.py "$deployment/compose.yaml"
  compose=(docker-compose --project-name prosopa --file "$deployment/compose.yaml")
  "${compose[@]}" up --detach >&2 || { "${compose[@]}" logs --tail 40 >&2; die "not everything could be started"; }
  for ((attempt = 0; ; attempt++)); do
    states=$(docker ps --all --format '{{.Names}} {{.Status}}')
    grep -qv '(healthy)' <<<"$states" || break
    [ "$attempt" -lt 240 ] || { say "$states"; "${compose[@]}" logs --tail 40 >&2; die "not everything is well"; }
    sleep 1
  done
fi
say "everything is well after $((SECONDS - began)) s:"
docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' >&2

[ $# -gt 0 ] || set -- cargo test --locked --package prosopa-e2e --test it -- --ignored deployment::
status=0
PROSOPA_TEST_DEPLOYMENT=http://127.0.0.1:8080 "$@" || status=$?
[ "$status" = 0 ] || "${compose[@]}" logs --tail 40 >&2

# An orderly end is one of each of ours.
names=$(docker ps --quiet | xargs docker inspect --format '{{.Name}}' | grep -E 'gateway|auth|detection|engine|notifications')
"${compose[@]}" stop --timeout 45 >/dev/null 2>&1
for name in $names; do
  code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
  [ "$code" = 0 ] || { docker logs --tail 20 "$name" >&2; say "$name ended with $code"; status=1; }
done
exit "$status"
