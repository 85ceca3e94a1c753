#!/usr/bin/env bash
# Installs what the Kotlin package is built with, where Debian's tools are there to do it: a JDK
# and Maven. Everything else Maven fetches.
set -euo pipefail
missing=()
command -v javac >/dev/null || missing+=(openjdk-17-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
[ ${#missing[@]} -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo "The Kotlin package needs JDK 17 or later and Maven 3.8 or later: install them." >&2
  exit 1
fi
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
