#!/usr/bin/env bash
# Runs a command with Swift: this machine's own if it has one, or inside the root of root.sh, where
# the repository lies at its own path and there is no network but a loopback of its own.
#   in-swift.sh NAME=VALUE... COMMAND...
set -euo pipefail
repo=$(cd "$(dirname "$0")/../../.." && pwd)
settings=()
while [[ ${1-} == *=* ]]; do
  settings+=("$1")
  shift
done
if command -v swift >/dev/null; then
  exec env "${settings[@]}" "$@"
fi
root=$("$repo/bindings/swift/scripts/root.sh")
target=${CARGO_TARGET_DIR:-$repo/target}
mkdir -p "$root$repo" "$root$target" "$target"
inside=()
for setting in "${settings[@]}"; do
  inside+=(--setenv "${setting%%=*}" "${setting#*=}")
done
exec bwrap --ro-bind "$root" / --proc /proc --dev /dev --tmpfs /tmp --tmpfs /root \
  --bind "$repo" "$repo" --bind "$target" "$target" --chdir "$PWD" \
  --unshare-pid --unshare-net --die-with-parent --clearenv \
  --setenv PATH /usr/bin:/bin --setenv HOME /root --setenv LANG C.UTF-8 "${inside[@]}" "$@"
