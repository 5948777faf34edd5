#!/usr/bin/env bash
# Measures what a request costs the gateway, beside nginx, HAProxy and Caddy at the same work, in one run; prints Markdown
# tables. BENCH_SECONDS sets the length of each measurement (1).
set -euo pipefail
cd "$(dirname "$0")/../.."
missing=()
for program in nginx haproxy caddy; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("$program")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "error: missing: ${missing[*]}; run as root: apt-get install --yes ${missing[*]}" >&2
  exit 1
fi
PATH=$PATH:/usr/sbin
cargo build --locked --profile dist --package prosopa-bench-gateway >&2
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec "$target/dist/bench-gateway"
