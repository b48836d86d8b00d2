/* test_reason.c: the closed list of reasons, as operators and dead-letter readers know it. */
#include "bridge/core/reason.h"

#include <criterion/criterion.h>
#include <string.h>

Test(reason, the_names_are_the_documented_ones_in_order)
{
    static const char *const documented[] = { "bad_input", "no_route", "rejected", "expired", "conflict", "unconfirmed",
                                              "auth", "config", "too_large", "budget" };
    cr_assert_eq(sizeof(documented) / sizeof(documented[0]), REASON_COUNT);
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        cr_expect_str_eq(reason_name((enum reason)i), documented[i]);
        cr_expect_gt(strlen(reason_text((enum reason)i)), 10, "reason %u says what it means", i);
    }
}
