#!/usr/bin/env bash
# title: build what has threads with TSan
# needs: packages
# minutes: 20
. "$(dirname "$0")/stage.sh"
step "configure" configure tsan
mapfile -t programs < <(targets tsan "$threaded_programs")
step "tsan build: ${programs[*]}" build tsan "${programs[@]}"
finish
