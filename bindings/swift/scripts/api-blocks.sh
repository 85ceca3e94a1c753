#!/usr/bin/env bash
# Makes a Swift function of the Swift blocks of docs/api.md, in their order, among the tests: what
# stands there is so formatted, compiled and run by `ApiTests`, word for word.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
page=$here/../../../docs/api.md
out=$here/../Tests/HomewardCoreTests/ApiBlocks.swift
made=$(mktemp)
trap 'rm -f "$made"' EXIT
{
  cat <<'HEAD'
// Made of docs/api.md by scripts/api-blocks.sh; change it there.

import Foundation
import HomewardCore

@MainActor
func theCallsOfOneReport(_ app: App) async throws {
HEAD
  awk '/^```swift$/ { if (blocks++) print ""; inside = 1; next } /^```$/ { inside = 0 }
    inside { print length($0) ? "  " $0 : "" }' "$page"
  echo '}'
} >"$made"
grep -q 'HomewardClient.open(' "$made" || { echo "$page has no Swift blocks" >&2; exit 1; }
# Only if it changed, so that nothing is compiled for nothing.
cmp -s "$made" "$out" || install -m 644 "$made" "$out"
