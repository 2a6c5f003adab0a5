#!/usr/bin/env bash
# title: the house rules (tools/lint), and that each of them can fail
# needs: packages
# minutes: 8
. "$(dirname "$0")/stage.sh"
step "the lints find what they should" python3 tests/lint/selftest.py
step "the statement lint finds what it should" python3 tests/lint/statements_selftest.py
step "the runner tells failure from success" python3 tests/lint/runner_selftest.py
python3 tools/lint/run.py --counts build/lint.counts
read -r good bad < build/lint.counts && count "$good" "$bad"
finish
