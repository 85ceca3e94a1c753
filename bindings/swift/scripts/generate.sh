#!/usr/bin/env bash
# Builds the library and writes the generated target from it: never older than the library.
set -euo pipefail
repo=$(cd "$(dirname "$0")/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$repo/target}
cd "$repo"
# Apart, as Kotlin's build does it: the generator's features must not reach the library, which would
# be built anew for each.
cargo build --quiet --locked --package homeward-ffi
cargo build --quiet --locked --package uniffi-bindgen
case $(uname) in Darwin) library=libhomeward_ffi.dylib ;; *) library=libhomeward_ffi.so ;; esac
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
# From its own folder: that is where the generator finds uniffi.toml.
(cd bindings && "$target/debug/uniffi-bindgen" generate --language swift --no-format \
  --metadata-no-deps --out-dir "$made" "$target/debug/$library")
"$target/debug/message-ids" swift "$made"
sources=bindings/swift/Sources
mkdir -p "$sources/HomewardFFI"
# Only what changed, so that nothing is compiled for nothing.
put() { cmp -s "$1" "$2" || install -m 644 "$1" "$2"; }
put "$made/homeward_ffiFFI.h" "$sources/homeward_ffiFFI/homeward_ffiFFI.h"
put "$made/HomewardFFI.swift" "$sources/HomewardFFI/HomewardFFI.swift"
put "$made/MessageIDs.swift" "$sources/HomewardFFI/MessageIDs.swift"
