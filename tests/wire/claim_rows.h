/* claim_rows.h: every row of the tables of claims and ends, to be played on either store. */
#ifndef TESTS_WIRE_CLAIM_ROWS_H
#define TESTS_WIRE_CLAIM_ROWS_H

#include "tests/wire/dedup_stand.h"

/* A store and, for Redis, the server behind it (NULL: the one in memory). */
struct bench {
    struct stand *stand;
    struct redis_server_of_test *server;
};

/* What another process would have left so long ago, and what stands there now (NONE: nothing). */
void bench_seed(struct bench *, const struct claim_order *, const struct claim_value *, ms_t age_ms);
struct claim_value bench_peek(struct bench *, const struct claim_order *);

void claim_rows_play(struct bench *);       /* fails the test at a row that differs */
void custody_story_play(struct bench *);    /* two copies of one event in one process */

#endif
