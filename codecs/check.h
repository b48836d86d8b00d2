/* check.h: what must be true of our own code, checked in every build.
 *
 * check(x) is for broken code only: it prints the place and aborts. A broken world
 * (bad input, a dead server) is never a check: it is a value that the caller handles. */
#ifndef CODECS_CHECK_H
#define CODECS_CHECK_H

#define check(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

/* A place that is never reached. */
#define broken(what) check_failed(__FILE__, __LINE__, what)

_Noreturn void check_failed(const char *file, int line, const char *condition);

#endif
