#!/usr/bin/env bash
# title: what has threads, under TSan
# needs: build-tsan
# minutes: 15
. "$(dirname "$0")/stage.sh"
mapfile -t programs < <(targets tsan "$threaded_programs")
run_gtests tsan "${programs[@]}"
finish
