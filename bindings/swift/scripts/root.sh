#!/usr/bin/env bash
# Makes, once, a Debian trixie root that holds Debian's Swift, and prints its path. On a Debian that
# has no Swift of its own this is how the package is built and tested.
set -euo pipefail
repo=$(cd "$(dirname "$0")/../../.." && pwd)
root=$repo/.cache/swift-root
# The tests' other HTTP stack is curl.
holds='2 trixie swiftlang libc6-dev curl' # Change it to have the root made anew.
if [ "$(cat "$root/.holds" 2>/dev/null)" = "$holds" ]; then
  echo "$root"
  exit
fi
make_root() {
  if ! command -v mmdebstrap >/dev/null || ! command -v bwrap >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends mmdebstrap bubblewrap || {
      echo 'install mmdebstrap and bubblewrap (apt-get install mmdebstrap bubblewrap)'
      return 1
    }
  fi
  local options
  options=$(mktemp)
  # What no test run opens, 1.5 GB of it: debugger, language servers, static and embedded libraries.
  {
    printf 'path-exclude=/usr/share/%s/*\n' doc man locale info
    printf 'path-exclude=/usr/libexec/swift/%s\n' 'bin/lldb*' bin/repl_swift bin/clangd bin/docc \
      bin/lld bin/sourcekit-lsp 'lib/liblldb*' 'lib/libsourcekitdInProc*' 'lib/libLTO*' \
      'lib/swift/embedded/*' 'lib/swift_static/*' 'lib/swift/FrameworkABIBaseline/*' 'share/*'
    echo force-unsafe-io
  } >"$options"
  mkdir -p "$repo/.cache"
  local try
  for try in 1 2 3; do
    rm -rf --one-file-system "$root.part"
    if mmdebstrap --quiet --variant=essential --include=swiftlang,libc6-dev,curl \
      --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
      --dpkgopt="$options" trixie "$root.part"; then
      echo "$holds" >"$root.part/.holds"
      rm -rf --one-file-system "$root" "$options"
      mv "$root.part" "$root"
      return
    fi
    echo "the Swift root could not be made (try $try of 3)"
  done
  return 1
}
make_root >&2
echo "$root"
