/* judging.h: exhaustive rows for both judges. */
#ifndef TESTS_CODECS_JUDGING_H
#define TESTS_CODECS_JUDGING_H

#include "codecs/outcome.h"

/* A whole answer, sent once and handed over. */
struct reply answered(int status, const char *body);

/* Runs every transport x times begun x handed over x status that is no whole answer, and every body, through a judge. */
void expect_cut_rows(void (*judge)(const struct reply *, struct verdict *), const char *const *bodies, size_t n);

#endif
