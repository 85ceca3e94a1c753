#!/usr/bin/env bash
# Builds the programs of others that tests work with: the tus servers tusd (Go) and @tus/server (npm),
# a SOCKS proxy, age in its two makes, Go's and Rust's, and the client tus-js-client, for the bench.
# They lie in .cache/peers; running it again does nothing until a version changes.
#
# usage: setup.sh (tusd | tus-node | tus-js | microsocks | age | rage)...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/peers
mkdir -p "$cache"
# Two test programs may ask at once.
exec 9>"$cache/lock"
flock 9

# What something is made of, so that a new version is built and an old one is not built again.
made_of() { cat "$@" | sha256sum; }

# A Go program, built by a module of ours that pins it.
go_program() {
  local name=$1 package=$2 stamp
  stamp=$(made_of "$here/$name"/go.*)
  if [ "$(cat "$cache/$name.stamp" 2>/dev/null)" != "$stamp" ]; then
    command -v go >/dev/null || { echo "$name needs the Go toolchain (go.dev), 1.25.8 or newer" >&2; exit 1; }
    (cd "$here/$name" && go build -o "$cache/$name" "$package")
    echo "$stamp" >"$cache/$name.stamp"
  fi
}

need_tusd() { go_program tusd github.com/tus/tusd/v2/cmd/tusd; }

need_age() { go_program age filippo.io/age/cmd/age; }

need_rage() {
  local version=0.12.1
  if [ "$(cat "$cache/rage.stamp" 2>/dev/null)" != "$version" ]; then
    cargo install rage --version "$version" --locked --no-default-features --bin rage --quiet \
      --root "$cache/cargo" --target-dir "$cache/rage-target"
    mv "$cache/cargo/bin/rage" "$cache/rage"
    rm -rf "$cache/cargo" "$cache/rage-target"
    echo "$version" >"$cache/rage.stamp"
  fi
}

# A Node.js program of ours with what its lock file pins.
node_program() {
  local name=$1 stamp
  stamp=$(made_of "$here/$name"/*)
  if [ "$(cat "$cache/$name.stamp" 2>/dev/null)" != "$stamp" ]; then
    command -v npm >/dev/null || { echo "$name needs Node.js 20 or newer, with npm" >&2; exit 1; }
    rm -rf "${cache:?}/$name"
    cp -r "$here/$name" "$cache/$name"
    (cd "$cache/$name" && npm ci --ignore-scripts --no-fund --no-audit --silent)
    echo "$stamp" >"$cache/$name.stamp"
  fi
}

need_tus_node() { node_program tus-node; }

need_tus_js() { node_program tus-js; }

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
