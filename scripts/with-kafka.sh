#!/usr/bin/env bash
# Runs a command beside an Apache Kafka of its own and takes that down again: `with-kafka.sh COMMAND...`. The command finds
# the broker's address in PROSOPA_TEST_KAFKA, such as 127.0.0.1:40123, and the broker's folder, as scripts/kafka/broker.sh
# describes it, in PROSOPA_TEST_KAFKA_FOLDER. Where the address is set already, the broker there is used.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ -n "${PROSOPA_TEST_KAFKA:-}" ] && exec "$@"

# The broker asks the disk to keep every new topic at once. Nothing here outlives the run, so it lies in memory where there
# is room for it.
room_kib=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)
if [ "${room_kib:-0}" -gt 1048576 ]; then folder=$(mktemp -d -p /dev/shm); else folder=$(mktemp -d); fi
stop() {
  scripts/kafka/broker.sh kill "$folder" || true
  rm -rf "$folder"
}
trap stop EXIT
scripts/kafka/broker.sh start "$folder"
PROSOPA_TEST_KAFKA=$(cat "$folder/address") PROSOPA_TEST_KAFKA_FOLDER=$folder "$@"
