#!/usr/bin/env bash
# Checks bans, licences and sources of all dependencies against deny.toml, with a pinned cargo-deny that is installed
# into the cache on first use. Advisories are left out: deny.toml says why.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

install_tool cargo-deny 0.20.2
cargo deny --locked --all-features check --hide-inclusion-graph bans licenses sources
