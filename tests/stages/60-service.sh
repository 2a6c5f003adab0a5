#!/usr/bin/env bash
# title: the real binary under faults: kill -9, callbacks, a full disk, a restore, refusals
# needs: build-release
# minutes: 12
. "$(dirname "$0")/stage.sh"
METERBOOK=$(build_folder release)/meterbook
export METERBOOK
rounds=20 births=3
[ "$NIGHTLY" = 0 ] || { rounds=100 births=20; }
skipped=0

# service NAME ARGUMENT… : runs tests/service/NAME.py and adds what its last line counts
service() {
    local out=$logs/service-$1.log sum
    mkdir -p "$logs"
    printf '── %s\n' "$1"
    python3 "tests/service/$1.py" "${@:2}" 2>&1 | tee "$out"
    sum=$(tail -n 1 "$out")
    if [[ $sum =~ ^passed=([0-9]+)\ failed=([0-9]+)(\ skipped=([0-9]+))?$ ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    else
        count 0 1
    fi
}

service refusals
service callbacks
service disk_full
service restore_drill
service manual
service kill_loop --rounds "$rounds" --births "$births"
if [ "$skipped" = 0 ]; then
    finish
else
    printf 'passed=%d failed=%d skipped=%d\n' "$passed" "$failed" "$skipped"
    [ "$failed" = 0 ]
fi
