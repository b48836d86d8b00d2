/* floor.h: what the parts of the floor loop share. Who owns what: a record is the floor's from take to finish; a post borrows the
 * records linked to it until `done` has come for it. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POSTS_IN_FLIGHT = 64,
    POST_RECORDS_MAX = 100,
    POST_BYTES_MAX = 256 * 1024,
    FLOOR_KEY_BYTES = 160,
};

struct event_base;

/* ---- floor_post.c: POSTs by libcurl's multi socket interface, SHA-256 of the body in a header ---- */

struct post {
    struct post *next;                  /* in the stack of free ones */
    struct posts *posts;
    void *easy;
    char *body;                         /* POST_BYTES_MAX; filled by the caller */
    size_t size;
    uint32_t records[POST_RECORDS_MAX];
    uint32_t n;
    char digest[96];                    /* the header line */
};

typedef void post_done(void *owner, struct post *);

struct posts *posts_new(struct event_base *, const char *url, post_done *, void *owner);
void posts_free(struct posts *);
struct post *posts_take(struct posts *);        /* NULL = all are in flight */
void post_send(struct post *);                  /* `done` follows after a 2xx; anything else ends the program */

/* ---- floor_offsets.c: the finished run of each partition ---- */

enum { FLOOR_PARTITIONS = 256, OFFSETS_SPAN = 1 << 16 };

struct offsets;

struct offsets *offsets_new(void);
void offsets_free(struct offsets *);
void offsets_receive(struct offsets *, int32_t partition, int64_t offset);
void offsets_finish(struct offsets *, int32_t partition, int64_t offset);

/* The offset to commit where it moved since the last call; -1 = it did not, or the partition is unknown. */
int64_t offsets_moved(struct offsets *, int32_t partition);

/* ---- floor_report.c ---- */

void floor_report(double wall_s, uint64_t posts, uint64_t events, uint64_t records);
_Noreturn void floor_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
