#!/usr/bin/env bash
# Assembles the library for iOS as an XCFramework: on a Mac with Xcode. Not run by this repository's
# tests, which run on Linux; see docs/build-phone.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$repo/target}
[ "$(uname)" = Darwin ] || { echo 'an XCFramework is assembled on a Mac' >&2; exit 1; }
cd "$repo"
for triple in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios; do
  rustup target add "$triple"
  cargo build --locked --profile phone --package homeward-ffi --target "$triple"
done
"$here/generate.sh"
build=$here/../build
rm -rf "$build" && mkdir -p "$build/headers" "$build/simulator"
cp "$here"/../Sources/homeward_ffiFFI/{homeward_ffiFFI.h,module.modulemap} "$build/headers/"
# Both kinds of Mac simulate iPhones; one library serves them.
lipo -create -output "$build/simulator/libhomeward_ffi.a" \
  "$target"/{aarch64-apple-ios-sim,x86_64-apple-ios}/phone/libhomeward_ffi.a
xcodebuild -create-xcframework \
  -library "$target/aarch64-apple-ios/phone/libhomeward_ffi.a" -headers "$build/headers" \
  -library "$build/simulator/libhomeward_ffi.a" -headers "$build/headers" \
  -output "$build/homeward_ffiFFI.xcframework"
