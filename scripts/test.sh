#!/usr/bin/env bash
# Runs the tests and prints, as its last line, the sum over all runners: `N passed, N failed`. The status is 0 only if
# every runner ran to its end and nothing failed.
#   scripts/test.sh          everything that needs no cluster
#   scripts/test.sh --unit   the rules alone (tests inside src/ need no outside program and no model pack)
#   scripts/test.sh --e2e    the tests that drive the built product from outside, in containers too
# What keeps rows is tested twice, on SQLite and on a PostgreSQL that is started for the run; what users see also with each
# service in a process of its own, which remember together in a Redis.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

outside=(--package prosopa-e2e --package prosopa-faults)
# Everything that opens a database.
keeping=("${outside[@]}")
for name in store events jobs auth gateway detection; do keeping+=(--package "prosopa-$name"); done
case ${1:-} in
  '') selection=(--workspace) again=("${keeping[@]}" --tests) ;;
  --unit) selection=(--workspace --lib --bins) again=() ;;
  --e2e) selection=("${outside[@]}") again=("${outside[@]}") ;;
  *) die "unknown option $1" ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The only ones of the tests' needs that come from a registry: fetched before the first test, so that none waits for it.
if [ "${1:-}" != --unit ]; then
  for name in signing conformance s3; do scripts/test-python.sh "$name" >/dev/null; done
  PROSOPA_TEST_FONTS=$(scripts/fonts.sh)
  export PROSOPA_TEST_FONTS
fi

# The sum is read from the output, so it must come without colours; one stream keeps a runner's name before its result.
status=0
export CARGO_TERM_COLOR=never
cargo test --locked --no-fail-fast "${selection[@]}" </dev/null 2>&1 | tee "$log" || status=$?
if [ ${#again[@]} -gt 0 ]; then
  say "the same on PostgreSQL:"
  scripts/with-postgres.sh cargo test --locked --no-fail-fast "${again[@]}" </dev/null 2>&1 | tee -a "$log" || status=$?
  say "events over Apache Kafka, with the databases on PostgreSQL:"
  scripts/with-kafka.sh scripts/with-postgres.sh cargo test --locked --no-fail-fast --package prosopa-events --test it -- \
    --include-ignored --test-threads 4 </dev/null 2>&1 | tee -a "$log" || status=$?
  say "the product from outside again, each service in a process of its own, events over Apache Kafka, rates in Redis, pictures in a bucket:"
  PROSOPA_TEST_SHAPE=apart scripts/with-kafka.sh scripts/with-postgres.sh scripts/with-redis.sh scripts/with-s3.sh \
    cargo test --locked --no-fail-fast --package prosopa-e2e -- \
    --skip apart:: --skip conformance:: --skip internal_tls:: </dev/null 2>&1 | tee -a "$log" || status=$?
  say "what keeps pictures again, in a bucket of an S3 server:"
  scripts/with-s3.sh cargo test --locked --no-fail-fast --package prosopa-vault --package prosopa-detection --test it -- \
    --include-ignored </dev/null 2>&1 | tee -a "$log" || status=$?
  say "every service in a process of its own, while its processes and servers fail:"
  # What lasts long by its nature is left to the long form.
  left_out=(a_killed_database a_full_database a_lost_redis a_failing_bucket a_stuck_consumer a_rolling_restart a_clock_that_jumps)
  if [ "${1:-}" = --e2e ]; then export PROSOPA_FAULTS=long && left_out=(); fi
  scripts/with-servers.sh cargo test --locked --no-fail-fast --package prosopa-faults --test it suite:: -- --include-ignored \
    --test-threads 1 --show-output "${left_out[@]/#/--skip=}" </dev/null 2>&1 | tee -a "$log" || status=$?
fi
if [ "${1:-}" = --e2e ]; then
  say "the product from outside once more, in containers:"
  # Not what is killed by its process, or what takes longest.
  beside=(conformance:: google:: a_service_that_is_gone a_service_of_a_folder keys_of_principals)
  scripts/with-postgres.sh scripts/test-images.sh cargo test --locked --no-fail-fast --package prosopa-e2e -- \
    --test-threads 3 "${beside[@]/#/--skip=}" </dev/null 2>&1 | tee -a "$log" || status=$?
  say "the compose file's containers, with everything that they need:"
  scripts/test-compose.sh cargo test --locked --no-fail-fast --package prosopa-e2e --test it -- --ignored deployment:: \
    </dev/null 2>&1 | tee -a "$log" || status=$?
fi
awk -v status="$status" -f scripts/sum-tests.awk "$log"
