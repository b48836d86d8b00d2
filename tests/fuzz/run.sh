#!/usr/bin/env bash
# Runs the fuzz targets, two at a time: each its corpus, then as long as asked. Ends with one line: N passed, N failed.
#
#   tests/fuzz/run.sh [--seconds N] [--executions N] [--target NAME]... [--build DIR]
#
#   --seconds N      of each target and round (15); 0 = the corpora alone
#   --executions N   further rounds until there were so many in all
#   --target NAME    only this one; may be repeated
#   --build DIR      where the fuzz preset was built; without it, build/fuzz is built first
#
# What is found is kept in DIR/findings with the command that repeats it; what else is learnt, in DIR/corpus, to go on from there.
set -uo pipefail
cd "$(dirname "$0")/../.."

usage() { sed -n '4,9s/^# \{0,1\}//p' "$0" >&2; exit 64; }

seconds=15 executions=0 build='' targets=()
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case "$1" in
    --seconds) seconds=$2 ;;
    --executions) executions=$2 ;;
    --target) targets+=("$2") ;;
    --build) build=$2 ;;
    *) usage ;;
    esac
    shift 2
done
case "$seconds$executions" in *[!0-9]*) usage ;; esac
[ "$seconds" -gt 0 ] || executions=0

if [ -z "$build" ]; then
    build=build/fuzz
    mkdir -p "$build"
    cmake --workflow --preset fuzz >"$build/build.log" 2>&1 || { tail -n 40 "$build/build.log"; echo "0 passed, 1 failed"; exit 1; }
fi
here=tests/fuzz
[ ${#targets[@]} -gt 0 ] || for file in "$here"/fuzz_*.c; do file=${file##*/fuzz_}; targets+=("${file%.c}"); done
findings=$build/findings results=$(mktemp -d "$build/run.XXXXXX")
mkdir -p "$findings"
trap 'rm -rf "$results"' EXIT

# Memory that was freed is watched for a while; with a smaller part of it a process stays small and twice as fast.
export ASAN_OPTIONS=quarantine_size_mb=8:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

# What a target needs beside the usual. A port and its loop live as long as the process: looking for leaks after each input would
# take all the time. The engine's many features make the weighing of the corpus dearer than the runs.
extras() {
    case "$1" in
    admin) echo -detect_leaks=0 ;;
    engine) echo -entropic=0 ;;
    request) echo "-dict=$here/event.dict" ;;
    esac
    [ ! -e "$here/$1.dict" ] || echo "-dict=$here/$1.dict"
}

# run_one TARGET SECONDS: one line "executions cov ft" into the results; false when something was found.
run_one() {
    local name=$1 time=$2 log="$results/$1.log" work="$build/corpus/$1" how rc
    mkdir -p "$work"
    how=(-runs=0)
    [ "$time" -eq 0 ] || how=("-max_total_time=$time" -reload=0)
    # shellcheck disable=SC2046  # options are single words
    "$build/tests/fuzz/fuzz_$name" $(extras "$name") "${how[@]}" -rss_limit_mb=1024 -timeout=20 -print_final_stats=1 \
        "-artifact_prefix=$findings/$name-" "$work" "$here/corpus/$name" >"$log" 2>&1
    rc=$?
    local runs cov ft
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    cov=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
    ft=$(grep -o 'ft: [0-9]*' "$log" | tail -n 1)
    echo "${runs:-0} ${cov#cov: } ${ft#ft: }" >>"$results/$name.sums"
    [ "$rc" -eq 0 ] && [ "${runs:-0}" -gt 0 ] && return     # one that ran nothing has found nothing out
    touch "$results/$name.failed"
    cp "$log" "$findings/$name.log"
    return 1
}

# The corpus that is committed comes first and alone: what once broke must not break again.
round() {
    local name
    for name in "${targets[@]}"; do
        [ ! -e "$results/$name.failed" ] || continue
        while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
        { { [ -s "$results/$name.sums" ] || run_one "$name" 0; } && { [ "$seconds" -eq 0 ] || run_one "$name" "$seconds"; }; } &
    done
    wait
}

sum() { cat "$results"/*.sums 2>/dev/null | awk '{ n += $1 } END { printf "%d\n", n }'; }

started=$(date +%s)
round
while [ "$(sum)" -lt "$executions" ] && ! ls "$results"/*.failed >/dev/null 2>&1; do round; done

passed=0 failed=0
for name in "${targets[@]}"; do
    read -r runs cov ft < <(awk '{ n += $1; c = $2; f = $3 } END { print n + 0, c + 0, f + 0 }' "$results/$name.sums" 2>/dev/null)
    if [ -e "$results/$name.failed" ] || [ "${runs:-0}" -eq 0 ]; then
        failed=$((failed + 1)) verdict=FAIL
    else
        passed=$((passed + 1)) verdict=ok
    fi
    printf '%-4s %-13s %9d executions, cov %5d, ft %6d\n' "$verdict" "$name" "${runs:-0}" "${cov:-0}" "${ft:-0}"
    [ "$verdict" = ok ] && continue
    grep -E 'broken invariant|runtime error|ERROR: |SUMMARY' "$findings/$name.log" | head -n 4 | sed 's/^/     /'
    file=$(sed -n "s/.*Test unit written to //p" "$findings/$name.log" | tail -n 1)
    echo "     $build/tests/fuzz/fuzz_$name ${file:-$here/corpus/$name}"
done
echo "$(sum) executions of ${#targets[@]} targets in $(($(date +%s) - started)) s, $failed with findings"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
