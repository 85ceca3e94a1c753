#!/usr/bin/env bash
# Measures what Swift adds to the core: HomewardBench with the arguments given, on the library of the
# release profile, which `cargo xtask bench` built.
#   bench.sh build
#   bench.sh FOLDER PHOTO
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$repo/target}
build=$target/swift-bench
if [ "$1" = build ]; then
  "$here/generate.sh"
  cd "$here/.."
  exec "$here/in-swift.sh" swift build --product HomewardBench --configuration release \
    --scratch-path "$build" -Xlinker "-L$target/release" -Xlinker -rpath -Xlinker "$target/release"
fi
exec "$here/in-swift.sh" "$build/release/HomewardBench" "$@"
