#!/usr/bin/env bash
# Starts the product on a free port with an empty data folder, and lets k6 sign up, sign in, refresh and validate.
# K6 names the k6 to use; the options given are k6's (as --vus 8 --duration 30s).
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${PROSOPA_CACHE:-$HOME/.cache/prosopa}/tools/k6-1.8.1
k6=${K6:-$(command -v k6 || true)}
if [ -z "$k6" ]; then
    k6=$tools/k6
    if [ ! -x "$k6" ]; then
        command -v go >/dev/null || {
            echo "this needs k6, or Go 1.25 or newer to build it: go install go.k6.io/k6@latest" >&2
            exit 1
        }
        echo "building k6 (two minutes, once)" >&2
        GOBIN=$tools go install go.k6.io/k6@v1.8.1
    fi
fi
programs=$(bench/accounts.sh)
folder=$(mktemp -d)
product=
trap '[ -z "$product" ] || { kill "$product"; wait "$product" || true; }; rm -rf "$folder"' EXIT
export PROSOPA_MODEL_PACK=${PROSOPA_MODEL_PACK:-$PWD/models/default}
export PROSOPA_GATEWAY__ADDRESS_RATE__REQUESTS_PER_SECOND=100000 PROSOPA_GATEWAY__ADDRESS_RATE__BURST=100000
export PROSOPA_GATEWAY__CALLER_RATE__REQUESTS_PER_SECOND=100000 PROSOPA_GATEWAY__CALLER_RATE__BURST=100000
export PROSOPA_AUTH__FAILED_LOGIN_NETWORK_BURST=10000
"$programs/prosopa" up --data-dir "$folder/data" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 >"$folder/said" &
product=$!
until url=$(grep -m1 -oE 'http://127\.0\.0\.1:[0-9]+' "$folder/said"); do
    kill -0 "$product" || exit 1
    sleep 0.1
done
if [ $# = 0 ]; then set -- --vus 8 --duration 30s; fi
"$k6" run --no-usage-report -e BASE_URL="$url" "$@" bench/k6/auth.js
