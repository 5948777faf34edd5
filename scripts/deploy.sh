#!/usr/bin/env bash
# Starts every service in containers (deploy/compose): makes the secrets that are missing, builds the image unless
# PROSOPA_IMAGE names one, and waits until all are well. Run again, it brings up what has changed.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

docker compose version >/dev/null 2>&1 || die "Docker Compose is missing: install docker-compose-plugin (2.20 or newer)"

secrets=deploy/compose/secrets
# The folder keeps others on this machine out; in the containers the files are read by several users.
install -d -m 0700 "$secrets"
random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
make_secret() { [ -s "$secrets/$1" ] || { printf '%s' "$2" >"$secrets/$1.partial" && chmod 0444 "$secrets/$1.partial" && mv "$secrets/$1.partial" "$secrets/$1"; }; }
for name in postgres_password redis_password s3_access_key s3_secret_key; do make_secret "$name" "$(random)"; done
make_secret database_url "postgres://prosopa:$(cat "$secrets/postgres_password")@postgres:5432/prosopa_{service}"

if [ -z "${PROSOPA_IMAGE:-}" ]; then scripts/images.sh >/dev/null; fi
docker compose --file deploy/compose/compose.yaml up --detach --wait "$@"
say "the product listens on http://${PROSOPA_LISTEN:-127.0.0.1:8080}"
say "the administrator's password: docker compose --file deploy/compose/compose.yaml exec auth cat /data/administrator-password"
