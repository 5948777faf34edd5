#!/usr/bin/env bash
# Builds the image of the suite as $PROSOPA_IMAGE (prosopa:latest). BASE_IMAGE and RUST_IMAGE replace what it is built on,
# PROFILE how it is compiled (dist).
#   scripts/images.sh                  everything is compiled in the build
#   scripts/images.sh --given BINARY   with a binary and a model pack ($PROSOPA_MODEL_PACK) that are there already
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

have docker || die "Docker is missing: install docker.io (20.10 or newer) or Docker's own packages"
image=${PROSOPA_IMAGE:-prosopa:latest}
options=(--file deploy/Dockerfile --target suite --tag "$image")
for name in BASE_IMAGE RUST_IMAGE PROFILE; do
  [ -z "${!name:-}" ] || options+=(--build-arg "$name=${!name}")
done
# The network of what is fetched in the build, where Docker's own has none.
[ -z "${BUILD_NETWORK:-}" ] || options+=(--network "$BUILD_NETWORK")
# Cache mounts, and stages that are not needed are not built.
export DOCKER_BUILDKIT=1
case ${1:-} in
  '') docker build "${options[@]}" . >&2 ;;
  --given)
    binary=${2:?which binary?}
    context=$(mktemp -d)
    trap 'rm -rf "$context"' EXIT
    parts=$context/given
    mkdir "$parts"
    install "$binary" "$parts/prosopa"
    install deploy/healthy "$parts/healthy"
    cp -rL "$PROSOPA_MODEL_PACK" "$parts/models"
    chmod -R u=rwX,go=rX "$parts/models"
    install -m 0644 /etc/ssl/certs/ca-certificates.crt "$parts/ca-certificates.crt"
    install -d -m 0700 "$parts/data"
    docker build "${options[@]}" --build-arg PARTS=given "$context" >&2
    ;;
  *) die "unknown option $1" ;;
esac
printf '%s\n' "$image"
