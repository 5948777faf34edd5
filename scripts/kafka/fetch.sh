#!/usr/bin/env bash
# Fetches Apache Kafka, of the version in pom.xml, into the cache unless it is there, and prints the folder of its jars.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../common.sh"

project=scripts/kafka/pom.xml
version=$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$project")
libraries=$PROSOPA_CACHE/kafka/$version
if [ ! -e "$libraries" ]; then
  have mvn || die "Maven is missing: \`scripts/setup.sh --tests\` installs it"
  say "fetching Apache Kafka $version into $libraries (once)"
  mkdir -p "$PROSOPA_CACHE/kafka"
  partial=$(mktemp -d "$PROSOPA_CACHE/kafka/partial.XXXXXX")
  trap 'rm -rf "$partial"' EXIT
  # Without colours, and with nothing on stdout, which belongs to the folder's name.
  mvn --quiet --batch-mode -Dstyle.color=never --file "$project" dependency:copy-dependencies \
    -DoutputDirectory="$partial/libs" -DincludeScope=runtime </dev/null >&2 || die "Maven could not fetch Apache Kafka"
  # Last and at once, so that a fetch that broke off is begun again, and two at a time do no harm.
  mv --no-target-directory "$partial/libs" "$libraries" 2>/dev/null || [ -e "$libraries" ]
fi
printf '%s\n' "$libraries"
