#!/usr/bin/env bash
# Starts every service in containers (deploy/compose): makes the secrets and settings that are missing, builds the image unless
# PROSOPA_IMAGE names one, and waits until all are well. Run again, it brings up what has changed.
#   scripts/deploy.sh [OPTION...]   options are those of `docker compose up`
#   scripts/deploy.sh --prepare     makes what is missing, and starts nothing
# PROSOPA_DEPLOYMENT names another folder with the compose file, for its secrets and settings too.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

deployment=${PROSOPA_DEPLOYMENT:-deploy/compose}
secrets=$deployment/secrets
# The folder keeps others on this machine out; in the containers the files are read by several users.
install -d -m 0700 "$secrets"
random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
make_secret() { [ -s "$secrets/$1" ] || { printf '%s' "$2" >"$secrets/$1.partial" && chmod 0444 "$secrets/$1.partial" && mv "$secrets/$1.partial" "$secrets/$1"; }; }
for name in postgres_password redis_password s3_access_key s3_secret_key; do make_secret "$name" "$(random)"; done
make_secret database_url "postgres://prosopa:$(cat "$secrets/postgres_password")@postgres:5432/prosopa_{service}"

# What Compose fills in by itself. A value that is there stays.
settings=$deployment/.env
make_setting() { grep -qs "^$1=" "$settings" || printf '%s=%s\n' "$1" "$2" >>"$settings"; }
# 16 random bytes, as Kafka writes them; with a dash in front they would look like an option.
cluster_id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
make_setting KAFKA_CLUSTER_ID "${cluster_id/#-/A}"
# Docker refuses a limit that is more than there is.
at_most() { local count; count=$(nproc); printf '%s' $((count < $1 ? count : $1)); }
make_setting PROSOPA_CPUS "$(at_most 2)"
make_setting PROSOPA_ENGINE_CPUS "$(at_most 4)"
[ "${1:-}" != --prepare ] || exit 0

docker compose version >/dev/null 2>&1 || die "Docker Compose is missing: install docker-compose-plugin (2.20 or newer)"
if [ -z "${PROSOPA_IMAGE:-}" ]; then scripts/images.sh >/dev/null; fi
compose=(docker compose --file "$deployment/compose.yaml")
"${compose[@]}" up --detach --wait "$@"
say "the product listens on http://${PROSOPA_LISTEN:-127.0.0.1:8080}"
say "the administrator's password: ${compose[*]} exec auth cat /data/administrator-password"
