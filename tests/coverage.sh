#!/usr/bin/env bash
# Coverage of codecs and of bridge/core by their own tests. Ends with one line: N passed, N failed.
#
#   tests/coverage.sh [--missing]
#
#   --missing    also names each line and branch that no test took
#
# Builds the cov preset (gcov), runs the suites codecs, core and story, and prints lines and branches taken of each file and of the
# two rooms. A room fails below 95 % of its lines or 90 % of its branches. The fuzz corpora do not count: a byte sequence that
# passes through a line says nothing about what the line should do.
#
# What no test can take is not counted (tests/coverage.py finds it in the text):
#   check(...)     its branches: the other way aborts. The line itself counts
#   broken(...)    its line: it is never reached
#   switch         without default: the way of a value that its type does not have, one branch
# tests/codecs and tests/core show by death tests that check() and broken() do abort.
set -uo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
"" | --missing) ;;
*) sed -n '4,6s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac

build=build/cov suites=(codecs core story)
stop() { tail -n 40 "$build/coverage.log"; echo "$1"; echo "0 passed, 1 failed"; exit 1; }

mkdir -p "$build"
{ cmake --preset cov && cmake --build --preset cov --target "${suites[@]/#/test_}"; } >"$build/coverage.log" 2>&1 || stop "build failed"
find "$build" -name '*.gcda' -delete
for suite in "${suites[@]}"; do
    "$build/tests/test_$suite" --jobs 2 --timeout 120 >"$build/coverage.log" 2>&1 || stop "suite $suite failed"
done
python3 tests/coverage.py "$build" ${1:+"$1"}
