#!/usr/bin/env bash
# Installs, builds, runs every test. Ends with one line: N passed, N failed.
#
#   tests/run.sh            everything: units, stories and wire tests under ASan and UBSan, tidy, the simulated world, planted
#                           bugs, coverage, each fuzz target for 15 seconds, end to end on real Kafka and Redis, each call that can
#                           fail made to fail, six minutes of chaos, kills in mid-run
#   tests/run.sh --quick    the same units, stories and wire tests, some seeds, one short end-to-end run: under 5 minutes once the
#                           packages are there
#   tests/run.sh --full     everything, at the lengths that docs/reliability.md tells of: two hours. Where all passed it writes the
#                           figures there anew; it wants a tree in which nothing else is changed
#
# Each step's log is build/test-logs/STEP.log.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/support/count.sh

logs=build/test-logs
seeds=20000 fuzz=() torture=(--quick) chaos=()
case "${1:-}" in
"" | --quick) ;;
--full)
    seeds=200000 fuzz=(--executions 20000000) torture=() chaos=(--full --markdown "$logs/chaos.tables")
    ;;
*) echo "usage: tests/run.sh [--quick | --full]" >&2; exit 64 ;;
esac
form=${1:-whole}

mkdir -p "$logs"
passed=0 failed=0
started=$(date +%s)
say() { printf '[%4ds] %s\n' "$(($(date +%s) - started))" "$*" | tee -a "$logs/whole.log"; }
: >"$logs/whole.log"

count() { passed=$((passed + $1)); failed=$((failed + $2)); }

# A step that is one test by itself: its output is shown only when it fails.
step() {
    local name=$1; shift
    say "$name"
    if "$@" >"$logs/${name//[^a-z0-9-]/_}.log" 2>&1; then
        count 1 0
    else
        count 0 1
        say "FAILED: $name"
        tail -n 60 "$logs/${name//[^a-z0-9-]/_}.log"
        return 1
    fi
}

# Programs under CTest: their own counts are added up.
suites() {
    local preset=$1 labels=$2 log="$logs/ctest-$1-$2.log" rc passed_there failed_there silent
    say "tests $labels ($preset)"
    ctest --test-dir "build/$preset" -L "$labels" -V >"$log" 2>&1
    rc=$?
    read -r passed_there failed_there silent < <(suites_of "$log" "$rc")
    count "$passed_there" "$failed_there"
    if [ "$failed_there" -ne 0 ]; then
        say "FAILED: $labels ($preset)"
        [ "$silent" -eq 0 ] || echo "programs that ended without a count of their tests: $silent"
        grep -E '\[FAIL\]|\[----\]|ERROR: (Leak|Address)Sanitizer|runtime error:|The following tests FAILED|\*\*\*Failed|Timeout|Not Run' "$log" | head -n 80
    fi
}

# A script that says how many of its tests passed, and must.
script() {
    local name=$1; shift
    say "$name"
    local log="$logs/${name//[^a-z0-9-]/_}.log" rc passed_there failed_there
    "$@" >"$log" 2>&1
    rc=$?
    read -r passed_there failed_there < <(verdict_of "$log" "$rc")
    count "$passed_there" "$failed_there"
    grep -E '^(FAIL|ok) ' "$log" | sed 's/^/    /'
    if [ "$failed_there" -ne 0 ]; then
        say "FAILED: $name"
        tail -n 60 "$log"
    fi
}

# Seeds of the simulated world: one test, however many there are; but each of them must have been run.
seeds() {
    local name=$1; shift
    step "$name" build/release/alertbridge_sim "$@" || return 1
    [ "$(verdict_of "$logs/$name.log" 0 | cut -d' ' -f2)" -eq 0 ] && return
    count -1 1
    say "FAILED: $name: it does not say what it ran"
}

finish() {
    say "done"
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

if [ "$form" = --full ]; then step commit tests/reliability.py --begin "$logs" || finish; fi
step install deploy/packages.sh --test || finish
step build-release cmake --workflow --preset release || finish
step configure-asan cmake --preset asan || finish
step build-asan cmake --build --preset asan || finish

suites asan unit
suites asan wire
step tidy python3 tests/tidy/tidy.py --core build/release/libcore.a --binary build/release/alertbridge
step tidy-selftest python3 tests/tidy/selftest.py

if [ "$form" = --quick ]; then
    seeds sim --seeds 1..2000
    script e2e-quick tests/e2e/run.sh --quick build/release/alertbridge
    finish
fi
seeds sim --seeds "1..$seeds"
seeds sim-twice --twice --seeds 1..200
script mutants tests/sim/mutants.sh --markdown "$logs/mutants.tables"
script coverage tests/coverage.sh
step build-fuzz cmake --workflow --preset fuzz && script fuzz tests/fuzz/run.sh --seconds 15 "${fuzz[@]}" --build build/fuzz
script e2e tests/e2e/run.sh build/release/alertbridge
script torture tests/torture/run.sh "${torture[@]}" build/asan/alertbridge
script chaos tests/chaos/run.sh "${chaos[@]}" --folder "$logs/chaos" build/release/alertbridge
step kills bench/kills --smoke

# The document tells of a run in which all passed, of the tree that stands at its commit, and of no other.
if [ "$form" = --full ] && [ "$failed" -eq 0 ]; then
    printf '%d passed, %d failed\n' "$passed" "$failed" >"$logs/verdict.log"
    step reliability tests/reliability.py "$logs"
elif [ "$form" = --full ]; then
    say "docs/reliability.md is left as it is: something failed"
fi
finish
