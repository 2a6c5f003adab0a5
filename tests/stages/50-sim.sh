#!/usr/bin/env bash
# title: simulation: 1 000 site-days with all faults, canaries, seeds under ASan
# needs: build-release build-asan
# minutes: 12
. "$(dirname "$0")/stage.sh"

release=$(build_folder release)/meterbook
asan=$(build_folder asan)/meterbook
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# simulate BINARY SEED DAYS METERS : counted; prints what broke
simulate() {
    local out=$work/$2-$3.json
    if "$1" simulate --seed "$2" --days "$3" --meters "$4" --faults all --json >"$out" 2>"$out.err"; then
        echo "ok   seed $2, $3 days of $4 meters" >"$out.result"
    else
        { printf 'FAIL seed %s: ' "$2"; tail -1 "$out.err"; } >"$out.result"
    fi
}

sum_up() {
    local failures
    failures=$(grep -l '^FAIL' "$work"/*.result 2>/dev/null | wc -l)
    cat "$work"/*.result | grep '^FAIL'
    count "$(($(ls "$work"/*.result | wc -l) - failures))" "$failures"
    rm -f "$work"/*
}

# 50 seeds × 20 days × 50 meters = 1 000 site-days, on as many processes as there are cores
begin=$(date +%s)
seeds=50
[ "$NIGHTLY" = 1 ] && seeds=500
export release asan work
export -f simulate
seq 1 $seeds | xargs -P "$(nproc)" -I{} bash -c 'simulate "$release" {} 20 50'
took=$(($(date +%s) - begin))
echo "note: $((seeds * 20)) site-days in $took s"
sum_up

# the same seed gives the same hash
twice() {
    local one two
    one=$("$release" simulate --seed 7 --days 3 --meters 15 --faults all --json | tail -1)
    two=$("$release" simulate --seed 7 --days 3 --meters 15 --faults all --json | tail -1)
    [ -n "$one" ] && [ "$one" = "$two" ]
}
step "seed 7 twice: one result" twice

canaries() {
    "$release" simulate --canary all --seed 3 --days 7 --meters 20 --faults none
    [ $? = 1 ]
}
step "every canary is seen" canaries

seq 101 103 | xargs -P "$(nproc)" -I{} bash -c 'simulate "$asan" {} 5 20'
sum_up
finish
