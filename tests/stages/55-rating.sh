#!/usr/bin/env bash
# title: prices: cases as text, published schemas, 10 000 random cases against the oracle, planted errors
# needs: build-release
# minutes: 8
. "$(dirname "$0")/stage.sh"
program=$(build_folder release)/meterbook
jobs=$(nproc)
cases=10000 seed=1 planted=6000
[ "$NIGHTLY" = 0 ] || { cases=500000 seed=$(date +%Y%m%d) planted=20000; }

# counted NAME COMMAND… : runs it and adds what its last line counts; a count that is not there, or that the exit code belies, is a failure
counted() {
    local name=$1 out sum code
    shift
    out=$(mktemp)
    printf '── %s\n' "$name"
    "$@" 2>&1 | tee "$out"
    code=${PIPESTATUS[0]}
    sum=$(grep -E '^passed=[0-9]+ failed=[0-9]+$' "$out" | tail -n 1)
    rm -f "$out"
    if [[ $sum =~ ^passed=([0-9]+)\ failed=([0-9]+)$ ]] && [ "$((code == 0))" = "$((BASH_REMATCH[2] == 0))" ]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
        echo "FAIL $name: exit $code, count '$sum'"
        count 0 1
    fi
}

counted "behaviour cases" python3 tests/behaviour/run.py --meterbook "$program"
counted "their runner" python3 tests/behaviour/run_selftest.py
# Debian's package is for Debian's Python, which need not be the first of the path.
counted "published schemas" /usr/bin/python3 tests/behaviour/check_schema.py --meterbook "$program"
counted "the manual's walk-through" python3 tests/behaviour/check_manual.py --meterbook "$program"
counted "the oracle's own examples" python3 tests/oracle/check_examples.py

began=$SECONDS
counted "random cases, seed $seed" python3 tests/oracle/compare.py --count "$cases" --seed "$seed" --meterbook "$program" --jobs "$jobs"
echo "note: $cases random cases of seed $seed against the oracle in $((SECONDS - began)) s"
counted "errors planted in the oracle, seed $seed" python3 tests/oracle/compare.py --plant --count "$planted" --seed "$seed" --jobs "$jobs"
counted "errors planted in the program, seed $seed" python3 tests/oracle/plant_in_program.py --meterbook "$program" --seed "$seed" --jobs "$jobs"
finish
