#!/usr/bin/env bash
# Installs what tests start that comes from Maven, Debian or npm, exactly as it is pinned, unless it is there already.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

scripts/kafka/fetch.sh >/dev/null

# What synthetic documents are drawn with.
scripts/fonts.sh >/dev/null

# The OpenID provider that sign-in is tested with.
provider=tests/oidc
lock=$provider/package-lock.json installed=$provider/node_modules/.installed-lock.json
cmp --silent "$lock" "$installed" 2>/dev/null && exit 0
say "installing the packages of $provider"
npm ci --prefix "$provider" --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
  die "npm ci failed in $provider"
# Last, so that an installation that broke off is begun again.
cp "$lock" "$installed"
