#!/usr/bin/env bash
# Prints the Python that has what a test runs: `scripts/test-python.sh NAME` for tests/e2e/NAME/requirements.txt. It is
# made once for each version of the requirements, in $PROSOPA_CACHE/python.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

name=${1:?which of the tests?}
requirements=tests/e2e/$name/requirements.txt
[ -e "$requirements" ] || die "there is no $requirements"
folder=$PROSOPA_CACHE/python/$name-$(sha256sum "$requirements" | cut -c 1-16)
mkdir -p "$PROSOPA_CACHE/python"
# Tests that run at the same time may ask at the same time.
exec 9>"$folder.lock"
flock 9
if [ ! -e "$folder/complete" ]; then
  say "installing the packages of $requirements into $folder (once)"
  rm -rf "$folder"
  python3 -m venv "$folder" >&2 || die "Python makes no environments: \`scripts/setup.sh --tests\` installs what is missing"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --requirement "$requirements" >&2 ||
    die "the packages of $requirements could not be installed"
  touch "$folder/complete"
fi
printf '%s\n' "$folder/bin/python"
