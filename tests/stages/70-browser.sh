#!/usr/bin/env bash
# title: browser: sign in, watch a trip, top up, see the power come back, over real sockets
# needs: build-release web
# minutes: 12
. "$(dirname "$0")/stage.sh"
data=$(mktemp -d)
log=$logs/browser-demo.log
mkdir -p "$logs"
demo=

stop_demo() {
    [ -z "$demo" ] || { kill -INT "$demo" 2>/dev/null; wait "$demo" 2>/dev/null; }
    rm -rf "$data"
}
trap stop_demo EXIT

"$(build_folder release)/meterbook" demo --speed 60 --meters 200 --port 0 --data "$data" \
    --web "$root/web/console/dist" >"$log" 2>&1 &
demo=$!

# base_of_demo : its address, once it has printed it; fails when it ends or stays silent for a minute
base_of_demo() {
    local tries
    for tries in $(seq 240); do
        grep -oE -m 1 'http://127\.0\.0\.1:[0-9]+/admin/' "$log" | sed 's|/admin/||' | grep . && return 0
        kill -0 "$demo" 2>/dev/null || break
        sleep 0.25
    done
    tail -n 20 "$log" >&2
    return 1
}

if base=$(base_of_demo); then
    out=$logs/browser-checks.log
    web/node_modules/.bin/node tests/browser/run.mjs --base "$base" | tee "$out"
    sum=$(tail -n 1 "$out")
    if [[ $sum =~ ^passed=([0-9]+)\ failed=([0-9]+)$ ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
        count 0 1
    fi
else
    count 0 1
fi
finish
