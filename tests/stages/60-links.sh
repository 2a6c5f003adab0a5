#!/usr/bin/env bash
# title: ten thousand meters dial in over loopback from a second process
# needs: build-release
# minutes: 5
. "$(dirname "$0")/stage.sh"
step "links build" build release tests_links
run_gtests release tests_links
finish
