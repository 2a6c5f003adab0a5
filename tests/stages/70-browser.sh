#!/usr/bin/env bash
# title: browser: sign in, watch a trip, top up, see the power come back, over real sockets, on both stores
# needs: build-release web
# minutes: 8
. "$(dirname "$0")/stage.sh"
. "$root/tools/postgres.sh"
work=$(mktemp -d)
chmod 755 "$work"  # PostgreSQL runs as another user
mkdir -p "$logs"
demo='' checks=''

# end PID SIGNAL : asks it to stop, waits ten seconds, then insists
end() {
    [ -n "$1" ] && kill "-$2" "$1" 2>/dev/null || return 0
    local tries
    for tries in $(seq 40); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.25; done
    kill -KILL "$1" 2>/dev/null
}

clean_up() {
    end "$checks" TERM
    end "$demo" INT
    [ ! -d "$work/cluster" ] || postgres_stop "$work/cluster"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# base_of_demo : its address, once it has printed it; fails when it ends or stays silent for half a minute
base_of_demo() {
    local tries
    for tries in $(seq 120); do
        grep -oE -m 1 'http://127\.0\.0\.1:[0-9]+/admin/' "$log" | sed 's|/admin/||' | grep . && return 0
        kill -0 "$demo" 2>/dev/null || break
        sleep 0.25
    done
    return 1
}

# check_console : the browser's checks, at most three minutes; they are the cases of this stage
check_console() {
    local base sum
    base=$(base_of_demo) || { echo 'FAIL the demo starts'; count 0 1; return; }
    # In the background, so that a signal is heard at once.
    timeout 180 web/node_modules/.bin/node tests/browser/run.mjs --base "$base" >"$out" 2>&1 &
    checks=$!
    wait "$checks"
    checks=
    cat "$out"
    sum=$(tail -n 1 "$out")
    if [[ $sum =~ ^passed=([0-9]+)\ failed=([0-9]+)$ ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
        echo 'FAIL the checks reach their end'
        count 0 1
    fi
}

# stop_by_signal : Ctrl-C ends the demo cleanly
stop_by_signal() {
    kill -0 "$demo" 2>/dev/null || return 1
    end "$demo" INT
    local code=0
    wait "$demo" || code=$?
    demo=
    [ "$code" = 0 ]
}

# on_store NAME CHOICE : the whole story on a demo whose store is CHOICE
on_store() {
    local before=$failed
    log=$logs/browser-demo-$1.log
    out=$logs/browser-checks-$1.log
    printf '── on %s\n' "$1"
    mkdir "$work/$1"
    "$(build_folder release)/meterbook" demo --speed 60 --meters 200 --port 0 --data "$work/$1" --store "$2" \
        --web "$root/web/console/dist" >"$log" 2>&1 &
    demo=$!
    check_console
    step "Ctrl-C stops the demo on $1" stop_by_signal
    [ "$failed" = "$before" ] || { echo '--- the log of the demo'; tail -n 60 "$log"; }
}

on_store sqlite sqlite
if conninfo=$(postgres_start "$work/cluster"); then
    on_store postgres "$conninfo"
else
    echo "FAIL PostgreSQL starts: $(cat "$work/cluster/log" "$logs/postgres-init.log" 2>/dev/null | tail -n 5)"
    count 0 1
fi
finish
