#!/usr/bin/env bash
# title: the real binary under faults: kill -9, callbacks, a full disk, a restore, refusals, no PostgreSQL
# needs: build-release
# minutes: 15
. "$(dirname "$0")/stage.sh"
# METERBOOK names another binary, SLOWER how many times as long it may take; with sanitizers, from the root of the tree:
#   METERBOOK=build-asan/meterbook SLOWER=3 bash tests/stages/60-service.sh
METERBOOK=$(realpath "${METERBOOK:-$(build_folder release)/meterbook}")
export METERBOOK
reports=$logs/service-reports
rm -rf "$reports"; mkdir -p "$reports"
export ASAN_OPTIONS=$ASAN_OPTIONS:log_path=$reports/found UBSAN_OPTIONS=$UBSAN_OPTIONS:log_path=$reports/found
rounds=20 births=3 ends=5 fail_overs=1
[ "$NIGHTLY" = 0 ] || { rounds=100 births=20 ends=20 fail_overs=5; }
skipped=0

# service NAME STORE ARGUMENT… : runs tests/service/NAME.py on the store and adds what its last line counts
service() {
    local out=$logs/service-$1-$2.log sum
    mkdir -p "$logs"
    printf '── %s on %s\n' "$1" "$2"
    python3 "tests/service/$1.py" --store "$2" "${@:3}" 2>&1 | tee "$out"
    sum=$(tail -n 1 "$out")
    if [[ $sum =~ ^passed=([0-9]+)\ failed=([0-9]+)(\ skipped=([0-9]+))?$ ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    else
        count 0 1
    fi
}

for store in sqlite postgres; do
    service refusals "$store"
    service callbacks "$store"
    service restore_drill "$store"
    service disk_full "$store"
    service explain "$store"
    service rerate "$store"
    service amend "$store"
    service kill_loop "$store" --rounds "$rounds" --births "$births"
done
service postgres_down postgres --rounds "$ends"
service standby postgres --rounds "$fail_overs"
service manual both
for report in "$reports"/*; do  # also of processes that nobody waited for
    [ -e "$report" ] || continue
    printf 'FAIL a sanitizer in %s\n' "$report"; head -n 60 "$report"
    count 0 1
done
if [ "$skipped" = 0 ]; then
    finish
else
    printf 'passed=%d failed=%d skipped=%d\n' "$passed" "$failed" "$skipped"
    [ "$failed" = 0 ]
fi
