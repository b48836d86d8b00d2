/* test_check.c: what happens when our own code is broken. */
#include "codecs/check.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(check, what_is_true_passes)
{
    check(1 + 1 == 2);
}

Test(check, what_is_not_aborts, .signal = SIGABRT)
{
    int answer = 41;
    check(answer == 42);
}

Test(check, a_place_that_is_never_reached_aborts, .signal = SIGABRT)
{
    broken("a place that is never reached");
}
