#!/usr/bin/env bash
# Fetches the pinned fonts of the synthetic documents into $PROSOPA_CACHE/fonts unless they are there, and prints their
# folder. The packages come from Debian's client (as any user, nothing is installed), or from the archives that
# PROSOPA_OCR_B_ARCHIVE, PROSOPA_DEJAVU_ARCHIVE and PROSOPA_LIBERATION_ARCHIVE name.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# Package, version, sha256 of the archive, variable.
pins='fonts-ocr-b 0.3~dfsg1-1 56e6a6bfe5d77bbb4f0a6964ce1f8ed3679d7c1a138064bcaf6cc3480c3628f3 PROSOPA_OCR_B_ARCHIVE
fonts-dejavu-core 2.37-6 8892669e51aab4dc56682c8e39d8ddb7d70fad83c369344e1e240bf3ca22bb76 PROSOPA_DEJAVU_ARCHIVE
fonts-liberation 1:1.07.4-11 efd381517f958b01969343634ffcbdd60056be7779af84c6f53a005090430204 PROSOPA_LIBERATION_ARCHIVE'

# Named by the pins, so that two checkouts may pin different ones.
folder=$PROSOPA_CACHE/fonts/$(printf '%s' "$pins" | sha256sum | cut -c1-16)
if [ ! -e "$folder" ]; then
  command -v dpkg-deb >/dev/null || die "dpkg-deb is missing: it unpacks the fonts (Debian's package dpkg)"
  say "fetching fonts into $folder (once)"
  mkdir -p "$PROSOPA_CACHE/fonts"
  partial=$(mktemp -d "$PROSOPA_CACHE/fonts/partial.XXXXXX")
  trap 'rm -rf "$partial"' EXIT
  mkdir "$partial/fonts"
  while read -r package version sha256 variable; do
    archive=${!variable:-}
    if [ -z "$archive" ]; then
      mkdir "$partial/$package"
      (cd "$partial/$package" && apt-get download --quiet=2 "$package=$version" >/dev/null 2>"$partial/log") || {
        cat "$partial/log" >&2
        die "$package $version could not be downloaded; name its archive in $variable"
      }
      archive=$(find "$partial/$package" -name '*.deb')
    fi
    printf '%s  %s\n' "$sha256" "$archive" | sha256sum --check --status || die "$archive is not $package $version"
    dpkg-deb --extract "$archive" "$partial/tree"
  done <<<"$pins"
  find "$partial/tree/usr/share/fonts" -type f \( -name '*.ttf' -o -name '*.otf' \) -exec mv -t "$partial/fonts" {} +
  # Last and at once, so that a fetch that broke off is begun again, and two at a time do no harm.
  mv --no-target-directory "$partial/fonts" "$folder" 2>/dev/null || [ -e "$folder" ]
fi
printf '%s\n' "$folder"
