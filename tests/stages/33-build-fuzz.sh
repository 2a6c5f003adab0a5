#!/usr/bin/env bash
# title: build the fuzz targets with clang
# needs: packages
# minutes: 20
. "$(dirname "$0")/stage.sh"
step "configure" configure fuzz
mapfile -t programs < <(targets fuzz 'fuzz_[a-z0-9_]+')
step "fuzz build: ${programs[*]}" build fuzz "${programs[@]}"
finish
