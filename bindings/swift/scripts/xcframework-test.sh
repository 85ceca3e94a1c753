#!/usr/bin/env bash
# What xcframework.sh asks a Mac's tools for, and that it is what Package.swift says and looks for.
# No library for a Mac or an iPhone can be built here: stand-ins take the place of the tools.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "xcframework-test.sh: $1" >&2
  exit 1
}

package=$work/repo/bindings/swift
mkdir -p "$package/scripts" "$package/Sources/homeward_ffiFFI" "$work/bin"
cp "$here/../Package.swift" "$package/"
cp "$here/../Sources/homeward_ffiFFI/module.modulemap" "$package/Sources/homeward_ffiFFI/"
cp "$here/xcframework.sh" "$package/scripts/"

stand_in() {
  { echo '#!/usr/bin/env bash' && cat; } >"$1"
  chmod +x "$1"
}
stand_in "$package/scripts/generate.sh" <<<': >"$(dirname "$0")/../Sources/homeward_ffiFFI/homeward_ffiFFI.h"'
stand_in "$work/bin/uname" <<<'echo Darwin'
stand_in "$work/bin/rustup" <<<':'
# Its last word is the target. The library says what it was built for.
stand_in "$work/bin/cargo" <<'STAND_IN'
made=target/${*: -1}/phone/libhomeward_ffi.a
mkdir -p "$(dirname "$made")"
case ${*: -1} in *-ios*) oldest=$IPHONEOS_DEPLOYMENT_TARGET ;; *) oldest=$MACOSX_DEPLOYMENT_TARGET ;; esac
echo "${*: -1} $oldest" >"$made"
STAND_IN
# -create -output OUT IN…
stand_in "$work/bin/lipo" <<<'cat "${@:4}" >"$3"'
# -create-xcframework {-library LIBRARY -headers FOLDER}… -output OUT
stand_in "$work/bin/xcodebuild" <<'STAND_IN'
set -e
shift
while [ "$1" = -library ]; do
  paste -sd' ' "$2" >>"$(dirname "$0")/slices"
  ls "$4/homeward_ffiFFI.h" "$4/module.modulemap" >/dev/null
  shift 4
done
[ "$1" = -output ] && mkdir "$2"
STAND_IN

env -u CARGO_TARGET_DIR PATH="$work/bin:$PATH" "$package/scripts/xcframework.sh" ||
  fail 'it came to no end'
named=$(sed -nE 's/.*path: "(.*\.xcframework)".*/\1/p' "$package/Package.swift")
[ -n "$named" ] && [ -d "$package/$named" ] || fail "it did not make Package.swift's '$named'"
cat >"$work/expected" <<'SLICES'
aarch64-apple-ios 17.0
aarch64-apple-ios-sim 17.0 x86_64-apple-ios 17.0
aarch64-apple-darwin 14.0 x86_64-apple-darwin 14.0
SLICES
diff "$work/expected" "$work/bin/slices" || fail 'these are not the libraries of the package'
