#!/usr/bin/env bash
# Plants the bugs of codecs/mutants.def one after the other, in a build of their own: each must be caught, by a seed of the
# simulated world or by the test that its row names; and with no bug planted the same seeds and tests must pass. Only what the
# rows need is built. Ends with one line: N passed, N failed.
#
#   tests/sim/mutants.sh [--seeds N] [--jobs N] [--markdown FILE] [--build DIR]
#
# The clean run goes over all seeds, 2,000 if nothing else is said; each bug stops at the first seed that catches it. --markdown
# writes what was found as a table for people. --build names where the mutants preset was built; without it, build/mutants is built
# first.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/support/count.sh

seeds=2000 jobs=2 markdown='' build=''
while [ $# -gt 0 ]; do
    case "$1" in
    --seeds) seeds=${2:?} ;;
    --jobs) jobs=${2:?} ;;
    --markdown) markdown=${2:?} ;;
    --build) build=${2:?} ;;
    *) echo "usage: tests/sim/mutants.sh [--seeds N] [--jobs N] [--markdown FILE] [--build DIR]" >&2; exit 64 ;;
    esac
    shift 2
done

stop() { echo "$1"; echo "0 passed, 1 failed"; exit 1; }

if [ -z "$build" ]; then
    build=build/mutants
    mapfile -t programs < <(grep -oE '"test_[a-z]+ ' codecs/mutants.def | tr -d '" ' | sort -u)
    mkdir -p build
    { cmake --preset mutants && cmake --build --preset mutants --target alertbridge_sim "${programs[@]}"; } >"$build.log" 2>&1 ||
        { tail -n 40 "$build.log"; stop "build failed"; }
fi
log=$build/mutants.log

# Tests by name or pattern, with a bug planted or none: prints how many ran, how many of them failed, and the first of those.
run() {
    local bug=$1 program=$2 filter=$3 out=$log.${1:-none}.$2
    env ${bug:+ALERTBRIDGE_MUTANT=$bug} "$build/tests/$program" --filter "$filter" --jobs "$jobs" --timeout 120 >"$out" 2>&1
    grep -o 'Tested: [0-9]* | Passing: [0-9]* | Failing: [0-9]* | Crashing: [0-9]*' "$out" | tail -n 1 |
        awk -v first="$(grep -oE '\[(FAIL|----)\] [a-z_0-9]+::[a-z_0-9]+' "$out" | head -n 1 | sed 's/.* //')" \
            '{ print $2, $8 + $11, first }'
}

# The rows of tests. Tests wait more than they work, so they run beside the seeds.
by_tests() {
    while IFS=$'\t' read -r name caught text; do
        case "$caught" in sim\ *) continue ;; esac
        read -r program filter <<<"$caught"
        local started=$SECONDS clean planted seen word=test how
        clean=$(run "" "$program" "$filter")
        planted=$(run "$name" "$program" "$filter")
        read -r ran bad _ <<<"${clean:-0 0}"
        read -r _ seen how <<<"${planted:-0 0}"
        if [ "$bad" -ne 0 ] || [ "$ran" -eq 0 ] || [ "$seen" -eq 0 ]; then
            word="NOT CAUGHT" how="$filter: without it ${clean:-nothing ran}, with it ${planted:-nothing ran} (tests, failures)"
        fi
        printf '%-24s %10s %6d s  %s %s\n' "$name" "$word" $((SECONDS - started)) "$program" "$how"
    done
}

# One row a bug, in the order of mutants.def: its name, what is wrong, who caught it, and after how many seeds.
write_markdown() {
    awk -F'\t' 'BEGIN { print "| bug | what is wrong | caught by | seeds |\n|---|---|---|---|" }
        FNR == NR { split($0, part, / +/); bug = part[1]; seeds[bug] = part[2]; how[bug] = $0
                    sub(/^[^ ]+ +(NOT CAUGHT|[^ ]+) +[0-9.]+ s  /, "", how[bug]); next }
        { by = how[$1]
          if (seeds[$1] == "test") by = "`" by "`"
          else if (match(by, /^I[0-9]+/)) by = substr(by, 1, RLENGTH)
          else if (by ~ /^a broken check/) by = "a broken check"
          else if (by ~ /^a crash/) by = "a crash"
          else by = "the world itself"
          printf "| %s | %s | %s | %s |\n", $1, $3, seeds[$1] == "NOT" ? "**nobody**" : by, seeds[$1] == "test" ? "-" : seeds[$1] }
    ' "$log.found" "$log.rows"
}

# Every row has to be told of, once: a bug of which nothing is said was not caught.
all_told() {
    local name lines wrong=0
    while IFS=$'\t' read -r name _; do
        lines=$(awk -v name="$name" '$1 == name' "$log.found" | wc -l)
        [ "$lines" -eq 1 ] || { echo "$name: $lines lines tell of it"; wrong=1; }
    done <"$log.rows"
    return "$wrong"
}

"$build/alertbridge_sim" --mutant list >"$log.rows" && [ -s "$log.rows" ] || stop "$build/alertbridge_sim does not list its bugs"
[ "$(wc -l <"$log.rows")" -eq "$(grep -c '^MUTANT(' codecs/mutants.def)" ] || stop "$build/alertbridge_sim has other bugs than the table"
by_tests <"$log.rows" >"$log.tests" &
"$build/alertbridge_sim" --seeds "1..$seeds" --jobs "$jobs" --mutants | tee "$log.sim" | sed '/^[0-9]* passed, [0-9]* failed$/d'
sim_exit=${PIPESTATUS[0]}
wait
cat "$log.tests"

read -r passed failed < <(verdict_of "$log.sim" "$sim_exit")
missed=$(grep -c 'NOT CAUGHT' "$log.tests")
passed=$((passed + $(wc -l <"$log.tests") - missed))
failed=$((failed + missed))
cat "$log.sim" "$log.tests" >"$log.found"
all_told || failed=$((failed + 1))
[ -z "$markdown" ] || write_markdown >"$markdown" || failed=$((failed + 1))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
