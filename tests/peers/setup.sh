#!/usr/bin/env bash
# Builds the tus servers of others that the tests of uploads go to: tusd (Go) and the npm server.
# They lie in .cache/peers; running it again does nothing until a version changes.
#
# usage: setup.sh (tusd | tus-node | microsocks)...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/peers
mkdir -p "$cache"
# Two test programs may ask at once.
exec 9>"$cache/lock"
flock 9

# What something is made of, so that a new version is built and an old one is not built again.
made_of() { cat "$@" | sha256sum; }

need_tusd() {
  local stamp
  stamp=$(made_of "$here"/tusd/go.*)
  if [ "$(cat "$cache/tusd.stamp" 2>/dev/null)" != "$stamp" ]; then
    command -v go >/dev/null || { echo 'tusd needs the Go toolchain (go.dev), 1.25.8 or newer' >&2; exit 1; }
    (cd "$here/tusd" && go build -o "$cache/tusd" github.com/tus/tusd/v2/cmd/tusd)
    echo "$stamp" >"$cache/tusd.stamp"
  fi
}

need_tus_node() {
  local stamp
  stamp=$(made_of "$here"/tus-node/*)
  if [ "$(cat "$cache/tus-node.stamp" 2>/dev/null)" != "$stamp" ]; then
    command -v npm >/dev/null || { echo 'the npm tus server needs Node.js 20 or newer, with npm' >&2; exit 1; }
    rm -rf "$cache/tus-node"
    cp -r "$here/tus-node" "$cache/tus-node"
    (cd "$cache/tus-node" && npm ci --ignore-scripts --no-fund --no-audit --silent)
    echo "$stamp" >"$cache/tus-node.stamp"
  fi
}

# A SOCKS proxy, a list of names that only one program knows, and a look at what a program asks for.
need_microsocks() {
  local missing=()
  command -v microsocks >/dev/null || missing+=(microsocks)
  command -v strace >/dev/null || missing+=(strace)
  dpkg -s libnss-wrapper >/dev/null 2>&1 || missing+=(libnss-wrapper)
  if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
  fi
}

for need in "$@"; do
  "need_${need//-/_}"
done
