#!/usr/bin/env bash
# title: web: lock file, types of the API, types, lint, unit tests, build, bundle budget
# needs: packages
# minutes: 10
. "$(dirname "$0")/stage.sh"
results=$root/build/web-tests.json

unit_tests() {
    rm -f "$results"
    web_npm run test -- --reporter=default --reporter=json --outputFile.json="$results"
    python3 - "$results" build/web-tests.counts <<'PY'
import json, sys
report = json.load(open(sys.argv[1]))
good, bad = report["numPassedTests"], report["numFailedTests"]
bad += sum(1 for suite in report["testResults"] if suite["status"] == "failed" and not suite["assertionResults"])
open(sys.argv[2], "w").write(f"{good} {bad}\n")
PY
}

for check in lockfile api-types:check types lint; do step "$check" web_npm run "$check"; done
rm -f build/web-tests.counts
if unit_tests && read -r good bad < build/web-tests.counts && [ "$good" -gt 0 ]; then count "$good" "$bad"; else count 0 1; fi
step build web_build
step budget web_npm run budget
finish
