#!/usr/bin/env bash
# title: build the release binary
# needs: packages
# minutes: 30
. "$(dirname "$0")/stage.sh"
step "release build" build release meterbook
finish
