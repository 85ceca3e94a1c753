#!/usr/bin/env bash
# Checks the Swift package: formatted, documented without gaps, and its tests against a real desk.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$repo/target}
library=$target/debug
# Built as the tests of Rust build it, so that it is built once.
(cd "$repo" && cargo build --quiet --locked --bins --package phone --package homeward-desk)
"$here/generate.sh"
"$here/api-blocks.sh"
"$here/xcframework-test.sh"
cd "$here/.."
"$here/in-swift.sh" swift format lint --strict --recursive --parallel \
  Package.swift Sources/HomewardBench Sources/HomewardCore Sources/HomewardSample Tests
flags=(--scratch-path "$target/swift" -Xlinker "-L$library" -Xlinker -rpath -Xlinker "$library"
  -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$target/swift/graphs")
mkdir -p "$target/swift/graphs"
"$here/in-swift.sh" swift build --build-tests "${flags[@]}"
"$here/documented.py" "$target/swift/graphs/HomewardCore.symbols.json"
"$here/stale.sh"
# The exit status is the result: never through a pipe.
exec "$here/in-swift.sh" HOMEWARD_DESK="$library/homeward-desk" \
  swift test --skip-build "${flags[@]}" "$@"
