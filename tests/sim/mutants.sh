#!/usr/bin/env bash
# Plants the bugs of codecs/mutants.def one after the other, in a build of their own: each must be caught, by a seed of the
# simulated world or by the test that its row names; and with no bug planted the same seeds and tests must pass.
# Ends with one line: N passed, N failed.
#
#   tests/sim/mutants.sh [--seeds N] [--jobs N]
set -uo pipefail
cd "$(dirname "$0")/../.."

seeds=2000 jobs=2
while [ $# -gt 0 ]; do
    case "$1" in
    --seeds) seeds=${2:?} ;;
    --jobs) jobs=${2:?} ;;
    *) echo "usage: tests/sim/mutants.sh [--seeds N] [--jobs N]" >&2; exit 64 ;;
    esac
    shift 2
done

build=build/mutants
log=$build/mutants.log
{ cmake --preset mutants && cmake --build --preset mutants; } >"$build.log" 2>&1 || { tail -n 40 "$build.log"; exit 70; }

# Tests by name or pattern, with a bug planted or none: prints how many ran and how many of them failed.
run() {
    local bug=$1 program=$2 filter=$3
    env ${bug:+ALERTBRIDGE_MUTANT=$bug} "$build/tests/$program" --filter "$filter" --jobs "$jobs" --timeout 120 >"$log" 2>&1
    grep -o 'Tested: [0-9]* | Passing: [0-9]* | Failing: [0-9]* | Crashing: [0-9]*' "$log" | awk '{ print $2, $8 + $11 }' | tail -n 1
}

"$build/alertbridge_sim" --seeds "1..$seeds" --jobs "$jobs" --mutants | tee "$log.sim" | sed '$d'
sums=$(tail -n 1 "$log.sim")
passed=$(cut -d' ' -f1 <<<"$sums") failed=$(cut -d' ' -f3 <<<"$sums")

while IFS=$'\t' read -r name caught text; do
    case "$caught" in sim\ *) continue ;; esac
    read -r program filter <<<"$caught"
    started=$SECONDS
    clean=$(run "" "$program" "$filter")
    planted=$(run "$name" "$program" "$filter")
    if [ "${clean#* }" = 0 ] && [ "${clean% *}" -gt 0 ] && [ "${planted#* }" -gt 0 ]; then
        passed=$((passed + 1)) how=$(grep -oE '\[(FAIL|----)\] [a-z_0-9]+::[a-z_0-9]+' "$log" | head -n 1 | sed 's/.* //')
    else
        failed=$((failed + 1)) how="NOT CAUGHT: without it ${clean:-nothing ran}, with it ${planted:-nothing ran} (tests, failures)"
    fi
    printf '%-24s %10s %6d s  %s %s\n' "$name" test $((SECONDS - started)) "$program" "$how"
done < <("$build/alertbridge_sim" --mutant list)

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
