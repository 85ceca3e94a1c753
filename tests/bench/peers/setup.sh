#!/usr/bin/env bash
# Installs the programs that `cargo xtask bench --peers` measures beside ours: Debian's packages.
# Running it again does nothing.
set -euo pipefail
missing=()
for need in exiftool:libimage-exiftool-perl mat2:mat2 exiv2:exiv2 jhead:jhead; do
  command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
  apt-get update -q
  # Another apt-get may be at work.
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${missing[@]}"
fi
