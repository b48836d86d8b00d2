/* rest.h: an engine that has nothing left to do holds nothing. Looks inside it. */
#ifndef TESTS_STORY_REST_H
#define TESTS_STORY_REST_H

struct engine;

/* NULL: every pool is full again, no timer, lane, effect or byte is left. Else what is, until the next call. */
const char *rest_of(const struct engine *);

#endif
