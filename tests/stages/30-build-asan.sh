#!/usr/bin/env bash
# title: build everything with ASan and UBSan
# needs: packages
# minutes: 40
. "$(dirname "$0")/stage.sh"
step "asan build" build asan all
finish
