/* check.c: the end of the road for broken code. */
#include "codecs/check.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void (*failure_hook)(void *);
static void *failure_owner;

void
check_on_failure(void (*hook)(void *), void *owner)
{
    failure_hook = hook;
    failure_owner = owner;
}

_Noreturn void
check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    void (*hook)(void *) = failure_hook;
    failure_hook = NULL;
    if (hook)
        hook(failure_owner);
    abort();
}
