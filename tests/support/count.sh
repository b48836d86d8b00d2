# count.sh: what a program says that it counted, for scripts that add up. Silence is no success: a program has to say how many of its
# tests passed, and its exit code has to agree. To be sourced.

# verdict_of LOG EXIT_CODE: prints "PASSED FAILED" of the last line `N passed, N failed`. One more has failed where there is no such
# line, where nothing was tried, or where the exit code says so and the line does not.
verdict_of() {
    local line passed=0 failed=0
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1)
    [ -z "$line" ] || read -r passed _ failed _ <<<"$line"
    if [ "$failed" -eq 0 ] && { [ "$passed" -eq 0 ] || [ "$2" -ne 0 ]; }; then failed=1; fi
    echo "$passed $failed"
}

# suites_of LOG EXIT_CODE: prints "PASSED FAILED SILENT" of the output of `ctest -V`: Criterion's own counts, added up. A program that
# ended well without a count of its own has failed, and is among SILENT; so has one that failed without saying which test.
suites_of() {
    awk -v rc="$2" '
        /^test [0-9]+$/ { started[$2] = 1; n++ }
        /^[0-9]+: .*Tested: [0-9]+ \| Passing: / {
            split(substr($0, index($0, "Tested: ")), sums, " ")
            passed += sums[5]; failed += sums[8] + sums[11]
            if (sums[2] > 0) told[$1 + 0] = 1
        }
        /^[0-9]+: [0-9]+ passed, [0-9]+ failed$/ { if ($2 + $4 > 0) told[$1 + 0] = 1 }
        END {
            for (number in started) if (!(number in told)) silent++
            failed += silent
            if (failed == 0 && (rc != 0 || n == 0)) failed = 1
            print passed + 0, failed + 0, silent + 0
        }' "$1"
}
