/* fails.h: whether this operation is the one that is to fail. */
#ifndef TESTS_TORTURE_FAILS_H
#define TESTS_TORTURE_FAILS_H

#include <stdbool.h>

enum kind { ALLOC, FD, READ, WRITE, REDIS, CURL_END, KAFKA, POLL, THREAD, KINDS };

/* Counts it. `function` is one literal for each function. */
bool fails(enum kind, const char *function);
const char *fails_how(void);                /* TORTURE_HOW, or "" */
void *next_of(const char *function);        /* the one behind ours */

#endif
