#!/usr/bin/env bash
# Installs what the tests of 32 bits need: Rust's library for them and a C compiler that can link.
set -euo pipefail
target=i686-unknown-linux-gnu
if ! rustup target list --installed | grep -qx "$target"; then
  rustup target add "$target"
fi
# gcc finds the C library of 32 bits only when it is installed.
if [ ! -e "$(gcc -m32 -print-file-name=crt1.o)" ]; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends gcc-multilib
fi
