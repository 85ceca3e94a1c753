#!/usr/bin/env bash
# Assembles the library for iPhones, their simulator and Macs as the XCFramework that Package.swift
# names: on a Mac with Xcode. Not run by this repository's tests, which run on Linux and look only at
# what it asks the Mac's tools for (xcframework-test.sh); see docs/build-phone.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$repo/target}
[ "$(uname)" = Darwin ] || { echo 'an XCFramework is assembled on a Mac' >&2; exit 1; }

# The oldest system that the package is for: the libraries are built for no newer one.
oldest() { sed -nE "s/.*\.$1\(\.v([0-9]+)\).*/\1.0/p" "$here/../Package.swift"; }
IPHONEOS_DEPLOYMENT_TARGET=$(oldest iOS)
MACOSX_DEPLOYMENT_TARGET=$(oldest macOS)
export IPHONEOS_DEPLOYMENT_TARGET MACOSX_DEPLOYMENT_TARGET

cd "$repo"
for triple in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios \
  aarch64-apple-darwin x86_64-apple-darwin; do
  rustup target add "$triple"
  cargo build --locked --profile phone --package homeward-ffi --target "$triple"
done
"$here/generate.sh"

build=$here/../build
rm -rf "$build" && mkdir -p "$build/headers" "$build/simulator" "$build/mac"
cp "$here"/../Sources/homeward_ffiFFI/{homeward_ffiFFI.h,module.modulemap} "$build/headers/"
# Both kinds of Mac run the simulator and the package itself: one library for both kinds.
lipo -create -output "$build/simulator/libhomeward_ffi.a" \
  "$target"/{aarch64-apple-ios-sim,x86_64-apple-ios}/phone/libhomeward_ffi.a
lipo -create -output "$build/mac/libhomeward_ffi.a" \
  "$target"/{aarch64-apple-darwin,x86_64-apple-darwin}/phone/libhomeward_ffi.a
xcodebuild -create-xcframework \
  -library "$target/aarch64-apple-ios/phone/libhomeward_ffi.a" -headers "$build/headers" \
  -library "$build/simulator/libhomeward_ffi.a" -headers "$build/headers" \
  -library "$build/mac/libhomeward_ffi.a" -headers "$build/headers" \
  -output "$build/homeward_ffiFFI.xcframework"
