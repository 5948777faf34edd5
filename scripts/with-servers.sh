#!/usr/bin/env bash
# Runs a command beside a server of each kind that the suite can use, and takes them down again: `with-servers.sh COMMAND...`.
# What the command finds them by, the scripts say that are called here.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

exec scripts/with-kafka.sh scripts/with-postgres.sh scripts/with-redis.sh scripts/with-s3.sh "$@"
