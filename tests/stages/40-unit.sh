#!/usr/bin/env bash
# title: unit and property tests under ASan and UBSan
# needs: build-asan
# minutes: 15
. "$(dirname "$0")/stage.sh"
mapfile -t programs < <(targets asan '[a-z]+_test')
run_gtests asan "${programs[@]}"
finish
