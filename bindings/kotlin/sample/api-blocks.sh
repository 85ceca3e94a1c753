#!/usr/bin/env bash
# Makes a Kotlin function of the Kotlin blocks of docs/api.md, in their order, in FOLDER/ApiBlocks.kt.
# What stands there is so compiled and run by `ApiTest`, word for word.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
page=$here/../../../docs/api.md
mkdir -p "$1"
{
  cat <<'HEAD'
@file:Suppress("ktlint", "UNUSED_VARIABLE")

package org.homeward.sample

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch
import org.homeward.*
import org.homeward.Homeward
import org.homeward.ffi.*
import java.io.File
import kotlin.time.Duration.Companion.minutes

internal suspend fun CoroutineScope.theCallsOfOneReport(app: App) {
HEAD
  awk '/^```kotlin$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$page"
  echo '}'
} >"$1/ApiBlocks.kt"
grep -q 'Homeward.open(' "$1/ApiBlocks.kt" || { echo "$page has no Kotlin blocks" >&2; exit 1; }
