#!/usr/bin/env bash
# Writes the files that are generated from the code and checked in. With --check nothing is written: each file is
# generated beside and compared, and the status is 1 if one differs. Needs bin/prosopa.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# Every generated file and the command that prints it: FILE, then the command's words.
generators=(
  "docs/openapi.json bin/prosopa openapi"
)

check=false
[ "${1:-}" != --check ] || check=true
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
for generator in "${generators[@]}"; do
  read -r file command <<<"$generator"
  read -r -a words <<<"$command"
  "${words[@]}" >"$folder/generated" || die "'$command' failed, so $file cannot be generated"
  if ! $check; then
    mkdir -p "$(dirname "$file")"
    cat "$folder/generated" >"$file"
  elif ! diff -u "$file" "$folder/generated" >&2; then
    say "$file is not what '$command' prints: run 'make generate' and commit the result"
    status=1
  fi
done
exit $status
