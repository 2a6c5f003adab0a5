#!/usr/bin/env bash
# title: fuzz targets, ten seconds each: those of changed rooms first, then in turn
# needs: build-fuzz
# minutes: 8
. "$(dirname "$0")/stage.sh"
seconds=10 rounds=10 # a round is one target per core
[ "$NIGHTLY" = 0 ] || { seconds=300 rounds=1000; }
folder=$(build_folder fuzz)
mapfile -t programs < <(targets fuzz 'fuzz_[a-z0-9_]+')
canaries=() all=()
for program in "${programs[@]}"; do
    case $program in fuzz_canary*) canaries+=("$program") ;; *) all+=("$program") ;; esac
done

# changed TARGET : whether its source, or a folder whose headers it includes, changed within the last day of commits
base=$(git rev-list -1 --before='1 day ago' HEAD 2>/dev/null)
changes=$(git diff --name-only "${base:-HEAD}" 2>/dev/null)
changed() {
    local source=fuzz/${1#fuzz_}_fuzz.cpp part
    grep -qxF "$source" <<<"$changes" && return 0
    while read -r part; do
        grep -q "^src/$part/" <<<"$changes" && return 0
    done < <(sed -nE 's|^#include "(.*)/[^/]*"|\1|p' "$source")
    return 1
}

first=() rest=()
for program in "${all[@]}"; do if changed "$program"; then first+=("$program"); else rest+=("$program"); fi; done
if [ ${#rest[@]} -gt 0 ]; then
    turn=$(($(git rev-list --count HEAD) % ${#rest[@]}))
    rest=("${rest[@]:turn}" "${rest[@]:0:turn}")
fi
order=("${first[@]}" "${rest[@]}")
most=$((rounds * $(nproc)))
chosen=("${order[@]:0:most}")
[ ${#chosen[@]} = ${#order[@]} ] || echo "note: ${#chosen[@]} of ${#order[@]} fuzz targets ran, ${#first[@]} of them for changed rooms"

fuzz_one() {
    local program=$1 seconds=$2 name=${1#fuzz_} corpus=() dictionary=()
    local found=$folder/found/$name
    mkdir -p "$found/corpus"
    [ ! -d "fuzz/corpus/$name" ] || corpus=("fuzz/corpus/$name")
    [ ! -f "fuzz/$name.dict" ] || dictionary=(-dict="fuzz/$name.dict")
    "$folder/$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/" "${dictionary[@]}" "$found/corpus" "${corpus[@]}" >"$found/log" 2>&1 </dev/null
}
export -f fuzz_one
export folder

rm -rf "$folder/found"/*/result
printf '%s\n' "${chosen[@]}" | xargs -P "$(nproc)" -I{} bash -c \
    'fuzz_one {} '"$seconds"' && echo good >"$folder/found/${0#fuzz_}/result" || echo bad >"$folder/found/${0#fuzz_}/result"' {}
for program in "${chosen[@]}"; do
    name=${program#fuzz_}
    if [ "$(cat "$folder/found/$name/result" 2>/dev/null)" = good ]; then
        count 1 0
        echo "ok   $program: $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/found/$name/log") runs"
    else
        count 0 1
        echo "FAIL $program: the input is in $folder/found/$name; repeat with $folder/$program FILE"
        tail -n 30 "$folder/found/$name/log"
    fi
done

crashes() { ! fuzz_one "$1" 30 && grep -qE 'ERROR: (AddressSanitizer|libFuzzer)|runtime error|SUMMARY' "$folder/found/${1#fuzz_}/log"; }
for program in "${canaries[@]}"; do step "$program is caught" crashes "$program"; done
finish
