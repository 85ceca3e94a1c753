#!/usr/bin/env bash
# A generated side that does not belong to the library stops at the first call, and says why. Here
# one checksum is another's; run by test.sh, after the library was built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$repo/target}
library=$target/debug
copy=$target/swift-stale
rm -rf "$copy/package" && mkdir -p "$copy/package"
cp -R "$here/../Package.swift" "$here/../Sources" "$here/../Tests" "$copy/package/"
generated=$copy/package/Sources/HomewardFFI/HomewardFFI.swift
sed -i.whole -E 's/(checksum_method_homeward_state\(\) != )[0-9]+/\10/' "$generated"
if cmp -s "$generated" "$generated.whole"; then
  echo 'the generated side compares no checksum'
  exit 1
fi
rm "$generated.whole"
cd "$copy/package"
"$here/in-swift.sh" swift build --product HomewardSample --scratch-path "$copy/build" \
  -Xlinker "-L$library" -Xlinker -rpath -Xlinker "$library"
said=$("$here/in-swift.sh" "$copy/build/debug/HomewardSample" /tmp/home /tmp/pack 2>&1) && {
  echo 'a stale library was called'
  exit 1
}
case $said in
  *'checksum mismatch'*) echo 'a stale library stops with a clear message' ;;
  *) echo "a stale library stops without a clear message: $said" && exit 1 ;;
esac
