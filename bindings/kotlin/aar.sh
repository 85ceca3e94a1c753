#!/usr/bin/env bash
# Assembles the package for Android: an AAR and its POM, in target/aar.
#
#   bindings/kotlin/aar.sh [FOLDER]
#
# FOLDER holds ABI/libhomeward_ffi.so for each of the ABIs below, as docs/build-phone.md builds them.
# An AAR that lacks any is marked `incomplete` in its name and by a file in it: no app can load it,
# but everything else of it is as it will be. The jars must be there (`mvn package`).
set -euo pipefail
abis=(arm64-v8a:AArch64 armeabi-v7a:ARM x86_64:X86-64)
page=$((16 * 1024))

here=$(cd "$(dirname "$0")" && pwd)
libraries=${1:-}
version=$(sed -n 's|^  <version>\(.*\)</version>$|\1|p' "$here/pom.xml" | head -1)
out=$here/target/aar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

main() {
  local missing=()
  mkdir -p "$work/classes" "$work/aar" "$out"
  classes "$work/classes" "$work/aar/classes.jar"
  cp "$here/android/aar/AndroidManifest.xml" "$here/android/aar/proguard.txt" "$work/aar"
  # The package has no resources; the file must be there.
  : >"$work/aar/R.txt"
  for abi in "${abis[@]}"; do
    library "${abi%%:*}" "${abi##*:}" "$work/aar" || missing+=("${abi%%:*}")
  done
  local name=homeward-android-$version.aar
  rm -f "$out"/*
  if [ ${#missing[@]} -gt 0 ]; then
    name=homeward-android-$version-incomplete.aar
    printf '%s\n' "Not for an app: no library for ${missing[*]}." | tee "$work/aar/INCOMPLETE.txt"
  fi
  jar --create --no-manifest --file "$out/$name" -C "$work/aar" .
  sed "s|@VERSION@|$version|" "$here/android/aar/pom.xml" >"$out/homeward-android-$version.pom"
  echo "$out/$name"
}

# One jar of the three modules: an AAR has one.
classes() {
  local module jar
  for module in generated:homeward-generated client:homeward android:homeward-android; do
    jar=$here/${module%%:*}/target/${module##*:}-$version.jar
    [ -f "$jar" ] || fail "$jar is not there: mvn package makes it"
    (cd "$1" && jar --extract --file "$jar")
  done
  rm -rf "$1/META-INF/MANIFEST.MF" "$1/META-INF/maven"
  jar --create --no-manifest --file "$2" -C "$1" .
}

# Takes in the library for an ABI. Fails if there is none; ends all if it is no such library.
library() {
  local from=$libraries/$1/libhomeward_ffi.so aligned
  [ -n "$libraries" ] && [ -f "$from" ] || return 1
  readelf -h "$from" 2>/dev/null | grep -q "Machine:.*$2" || fail "$from is not for $1"
  # Android 15 and later load only what fits pages of 16 KB.
  while read -r aligned; do
    [ $((aligned)) -ge $page ] || fail "$from fits no pages of 16 KB: see docs/build-phone.md"
  done < <(readelf -lW "$from" | awk '$1 == "LOAD" { print $NF }')
  install -D "$from" "$3/jni/$1/libhomeward_ffi.so"
}

fail() {
  echo "aar.sh: $1" >&2
  exit 1
}

main
