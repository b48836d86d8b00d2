/* vectors.h: the signing vectors of tests/data/vectors.json, read at run time with our own reader. */
#ifndef TESTS_CODECS_VECTORS_H
#define TESTS_CODECS_VECTORS_H

#include "codecs/value.h"

/* The array at `api`.`name`, for example "soar", "flatten". Fails the test when it is not there or empty. */
const struct value *vectors(const char *api, const char *name);

/* A member that has to be there; text_at: one that is a text. */
const struct value *member_at(const struct value *object, const char *name);
struct slice text_at(const struct value *object, const char *name);

#define EXPECT_SLICE(actual, expected, ...) expect_slice(__FILE__, __LINE__, actual, expected, "" __VA_ARGS__)
void expect_slice(const char *file, int line, struct slice actual, struct slice expected, const char *about);

#endif
