#!/usr/bin/env bash
# The demo by its binary: a balanced run ends with 0, a broken one with 65 and names; nothing is left behind.
#
#   tests/e2e/test_demo.sh build/release/alertbridge
set -uo pipefail
binary=${1:?usage: test_demo.sh ALERTBRIDGE}
work=$(mktemp -d)
export TMPDIR="$work"
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() {       # check NAME COMMAND...
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1)); echo "ok   $name"
    else
        failed=$((failed + 1)); echo "FAIL $name"
    fi
}

demo() {        # demo NAME ARGUMENTS...: output in $work/NAME.{out,err}, exit code in $code
    local name=$1
    shift
    timeout 120 "$binary" demo "$@" >"$work/$name.out" 2>"$work/$name.err"
    code=$?
}

said() { grep -Eq -- "$2" "$work/$1.out"; }
nothing_left() { ! ls -d "$work"/alertbridge-demo-* >/dev/null 2>&1; }

start=$(date +%s)
demo whole
seconds=$(($(date +%s) - start))
grep -E '^produced ' "$work/whole.out"
check "10,000 events balance: exit 0" [ "$code" -eq 0 ]
check "the sentence says lost 0" said whole '^produced 10000 = delivered [0-9]+ \+ duplicates [0-9]+ \+ parked [0-9]+, lost 0$'
check "nobody saw a notice twice" said whole '^notices shown twice: 0$'
check "all offsets are committed" said whole '^offsets committed: 10000$'
check "repeats were suppressed" said whole '^ +duplicates suppressed: [1-9]'
check "the poison message was parked alone" said whole '^ +rejected: 1$'
check "429 was played" said whole '^ +throttle: [1-9]'
check "5xx was played" said whole '^ +status before: [1-9]'
check "resets were played" said whole '^ +reset after: [1-9]'
check "it took less than 60 s ($seconds s)" [ "$seconds" -lt 60 ]
check "progress went to stderr" grep -q '^demo: .* delivered ' "$work/whole.err"
check "no folder is left" nothing_left

demo dropped --events 2000 --drop-every 40 -q
check "a dropped delivery is found: exit 65" [ "$code" -eq 65 ]
check "the lost are counted" said dropped '^produced 2000 = .*, lost [1-9][0-9]*$'
check "the lost are named" said dropped '^  - .*(inc|alr|upd|ntc)-[0-9a-f]{8}-[0-9]{8}$'
check "quiet is quiet" [ ! -s "$work/dropped.err" ]

# Without a redis-server in the path the store is the process's own memory; the answer can be read by programs.
code=0
PATH=/nonexistent /usr/bin/timeout 120 "$binary" demo --events 1000 --seed 7 -q --output json >"$work/memory.out" || code=$?
check "without redis-server: exit 0" [ "$code" -eq 0 ]
check "the store is memory" said memory '"dedup":"memory"'
check "JSON says so too" said memory '"balanced":"yes","balance":"produced 1000 = .*, lost 0"'

"$binary" demo --events 200000 >"$work/cut.out" 2>"$work/cut.err" &
pid=$!
for ((waits = 0; waits < 600; waits++)); do     # until it is under way
    grep -q '^demo: .* delivered ' "$work/cut.err" && break
    sleep 0.1
done
kill -INT "$pid"
code=0
wait "$pid" || code=$?
check "interrupted: exit 65" [ "$code" -eq 65 ]
check "interrupted: says so" said cut 'interrupted: [0-9]+ records were not finished'
check "interrupted: no folder is left" nothing_left

demo usage --events 0
check "no events at all is a usage error" [ "$code" -eq 64 ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
