#!/usr/bin/env bash
# one_gtest.sh BUILD RESULTS NAME : runs one test program; leaves NAME.log, NAME.passed, NAME.failed in RESULTS.
# A program that dies counts as one failure.
build=$1 results=$2 name=$3
start=$(date +%s)
GTEST_OUTPUT="xml:$results/$name.xml" "$build/$name" --gtest_brief=1 >"$results/$name.log" 2>&1 </dev/null
code=$?
echo "── $name: exit $code, $(($(date +%s) - start)) s" >>"$results/$name.log"
tests=$(sed -nE '0,/<testsuites/s/.*<testsuites tests="([0-9]+)".*/\1/p' "$results/$name.xml" 2>/dev/null)
bad=$(sed -nE '0,/<testsuites/s/.*<testsuites tests="[0-9]+" failures="([0-9]+)".*/\1/p' "$results/$name.xml" 2>/dev/null)
tests=${tests:-0} bad=${bad:-0}
[ "$code" = 0 ] || [ "$bad" != 0 ] || { bad=1; tests=$((tests + 1)); }
[ "$tests" != 0 ] || { bad=1 tests=1; echo "$name ran no test" >>"$results/$name.log"; }
echo $((tests - bad)) >"$results/$name.passed"
echo "$bad" >"$results/$name.failed"
