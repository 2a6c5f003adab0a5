# Shared by the stages, which the runner ./test starts with bash at the root of the tree. A stage is NN-name.sh:
#   # title: one line    # needs: stages that must have passed    # minutes: when to stop it
# It prints what it likes, `note: …` for the summary, and as its last line `passed=N failed=M` (skipped=K may follow).
set -u
root=${root:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
logs=${logs:-$root/build/logs}
NIGHTLY=${NIGHTLY:-0}
. "$root/tools/common.sh"
cd "$root" || exit 1
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-second_deadlock_stack=1}

passed=0 failed=0

# step NAME COMMAND… : one counted step
step() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1)); printf 'ok   %s\n' "$name"
    else
        failed=$((failed + 1)); printf 'FAIL %s\n' "$name"
    fi
}

# count PASSED FAILED : adds to the sum
count() { passed=$((passed + $1)) failed=$((failed + $2)); }

finish() { printf 'passed=%d failed=%d\n' "$passed" "$failed"; [ "$failed" = 0 ]; }

# build PRESET TARGET… : configures and builds; warnings are errors. No target is a mistake, not everything.
build() {
    [ $# -gt 1 ] || { echo "nothing to build for preset $1"; return 1; }
    configure "$1" && ninja -C "$(build_folder "$1")" -j "$(jobs_at_once)" "${@:2}"
}

# targets PRESET PATTERN : those executables of the build folder whose names match the extended pattern
targets() {
    # The list is as old as the last look at the folders: look again first.
    ninja -C "$(build_folder "$1")" build.ninja >&2
    ninja -C "$(build_folder "$1")" -t targets all | sed -nE "s/^($2): CXX_EXECUTABLE_LINKER__.*/\1/p"
}

# run_gtests PRESET NAME… : runs test programs two at a time and counts their cases
run_gtests() {
    local preset=$1 results name
    shift
    results=$(build_folder "$preset")/results
    rm -rf "$results"; mkdir -p "$results"
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash tests/stages/one_gtest.sh "$(build_folder "$preset")" "$results" {}
    for name in "$@"; do cat "$results/$name.log"; done
    count "$(cat "$results"/*.passed | awk '{n += $1} END {print n + 0}')" \
        "$(cat "$results"/*.failed | awk '{n += $1} END {print n + 0}')"
}

# The test programs of the rooms that have threads: writer, reactor, queues, worker pool.
threaded_programs='(writer|net|store|api)_test'
