/* window_rows.h: every row of the table of repeats, to be played on either store. */
#ifndef TESTS_WIRE_WINDOW_ROWS_H
#define TESTS_WIRE_WINDOW_ROWS_H

#include "tests/wire/claim_rows.h"

/* Who leads the window: put there for its whole time, and what stands there now ("" = nobody; valid until the next call). */
void bench_seed_window(struct bench *, const struct claim_window *, const char *leader);
const char *bench_peek_window(struct bench *, const struct claim_window *);

void window_rows_play(struct bench *);      /* fails the test at a row that differs */
void window_story_play(struct bench *);     /* leader and twins from the first claim to the last repeat */
void window_batch_play(struct bench *);     /* all of them claimed in one pipeline */

#endif
