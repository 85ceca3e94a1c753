#!/usr/bin/env bash
# What is in the package for Android, and what is never put in. Needs the jars (`mvn package`).
#
# No library for Android can be linked here. Two made by the host's compiler stand in for the
# emulator's (x86_64): one with pages of 16 KB, as asked for, and one without.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "aar-test.sh: $1" >&2
  exit 1
}

holds() {
  grep -qx "$2" <<<"$1" || fail "the package has no $2"
}

stand_in() {
  mkdir -p "$work/$1/$2"
  echo 'int homeward;' | gcc -shared -fPIC -x c - "-Wl,-z,max-page-size=$3" \
    -o "$work/$1/$2/libhomeward_ffi.so"
}

echo "An AAR without libraries says so"
aar=$("$here/aar.sh" | tail -1)
[[ $aar == *-incomplete.aar ]] || fail "$aar does not say that it is incomplete"
names=$(jar --list --file "$aar")
for name in AndroidManifest.xml classes.jar proguard.txt R.txt INCOMPLETE.txt; do
  holds "$names" "$name"
done
(cd "$work" && jar --extract --file "$aar")
grep -q 'minSdkVersion="26"' "$work/AndroidManifest.xml" || fail "the manifest names no Android 8"
classes=$(jar --list --file "$work/classes.jar")
for name in Homeward ffi/Homeward ffi/MessageIds android/AndroidDeviceKey FileDeviceKey; do
  holds "$classes" "org/homeward/$name.class"
done
# A class that is in two jars stops an app's build.
if grep -vE '/$|^org/homeward/|^META-INF/[a-z-]*\.kotlin_module$' <<<"$classes"; then
  fail "the package carries what belongs to others"
fi

echo "Its POM names what an app needs beside it, each at the version that was tested"
pom=$(ls "${aar%/*}"/*.pom)
grep -q '<packaging>aar</packaging>' "$pom" || fail "the POM is for no AAR"
! grep -q '@' "$pom" || fail "the POM has a gap"
for property in jna coroutines kotlin; do
  version=$(sed -n "s|.*<$property.version>\(.*\)</$property.version>|\1|p" "$here/pom.xml")
  grep -q "<version>$version</version>" "$pom" || fail "the POM names no $property $version"
done

echo "Libraries go into the folders of their ABIs"
stand_in good x86_64 16384
aar=$("$here/aar.sh" "$work/good" | tail -1)
holds "$(jar --list --file "$aar")" jni/x86_64/libhomeward_ffi.so
[[ $aar == *-incomplete.aar ]] || fail "two ABIs are missing and $aar does not say so"

echo "A library for small pages, or for another processor, is refused"
stand_in small x86_64 4096
stand_in other arm64-v8a 16384
for folder in small other; do
  ! "$here/aar.sh" "$work/$folder" 2>/dev/null >&2 || fail "the package took a $folder library"
done
"$here/aar.sh" >/dev/null
