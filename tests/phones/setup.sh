#!/usr/bin/env bash
# Installs Rust's own library for each target that is named, and prints those for which there is only
# its source: the mirrors that tests run behind do not have it compiled for each target.
set -euo pipefail
installed=$(rustup target list --installed)
for target in "$@"; do
  # At length and with a backtrace it tells that it could not be had.
  if ! grep -qx "$target" <<<"$installed" && ! rustup target add "$target" 2>/dev/null; then
    echo "no compiled library for $target: its source is taken" >&2
    rustup component add rust-src >&2
    echo "$target"
  fi
done
