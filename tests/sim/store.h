/* store.h: Redis as a server: keys with values and times of expiry, and the commands that the adapter sends, one at a time.
 *
 * The commands and their replies are held against a real server by tests/wire/test_redis_model.c. Facts: KEY, FORGOT, MISSED. */
#ifndef TESTS_SIM_STORE_H
#define TESTS_SIM_STORE_H

#include "tests/sim/worker.h"

enum store_reply_kind { STORE_NIL, STORE_TEXT, STORE_NUMBER, STORE_OK, STORE_ERROR };

enum { STORE_TEXT_BYTES = 256 };

struct store_reply {
    enum store_reply_kind kind;
    char text[STORE_TEXT_BYTES];        /* value or error */
    int64_t number;                     /* an integer; with TEXT of look and swap: the PTTL */
};

/* Whose claim a command is for. */
struct store_holder {
    const char *text;           /* "<owner>.<dispatch>" */
    uint32_t connection;        /* over which it was sent */
};

/* The server alone: pure in its state, `now_ms` is its own clock. This half is held against the real one. */
struct keys;
struct keys *keys_new(void);
void keys_free(struct keys *);
void keys_flush(struct keys *);
struct keys *keys_copy(const struct keys *);                    /* what a replica has */
const char *keys_name(const struct keys *, uint32_t n);         /* the n-th of those there are; NULL = there are less */
void keys_differ(const struct keys *, const struct keys *, void *owner, void (*)(void *owner, const char *key));    /* each */
void keys_spoil(struct keys *, const char *key);                /* it holds no claim any more */
uint32_t keys_heal(struct keys *);                              /* what was spoilt is deleted: how many */
void keys_drop(struct keys *, const char *key);
uint32_t keys_count(const struct keys *);

void keys_set_nx_get(struct keys *, int64_t now_ms, const char *key, const char *value, int64_t px_ms, struct store_reply *);
void keys_set(struct keys *, int64_t now_ms, const char *key, const char *value, int64_t px_ms, struct store_reply *);
void keys_get(struct keys *, int64_t now_ms, const char *key, struct store_reply *);
void keys_pttl(struct keys *, int64_t now_ms, const char *key, struct store_reply *);       /* -2 = no key, -1 = no expiry */
/* The scripts of bridge/io/redis_script.c, by the same names and arguments. */
void keys_swap(struct keys *, int64_t now_ms, const char *key, const char *expected, const char *value, int64_t ttl_ms,
               int64_t pttl_most_ms, struct store_reply *);
void keys_hold(struct keys *, int64_t now_ms, const char *key, const struct store_holder *, const char *value, int64_t ttl_ms,
               struct store_reply *);
/* No value: the key is taken away. */
void keys_give_back(struct keys *, int64_t now_ms, const char *key, const struct store_holder *, const char *value,
                    int64_t ttl_ms, struct store_reply *);
void keys_promote(struct keys *, int64_t now_ms, const char *key, const char *expected, const char *value, struct store_reply *);
void keys_canary(struct keys *, int64_t now_ms, const char *key, const char *generation, struct store_reply *);

/* The server in the world. */
void store_init(struct world *);
void store_free(struct world *);
struct keys *store_keys(struct world *);
int64_t store_now_ms(const struct world *);                     /* its clock, jumps included */
bool store_is_up(const struct world *);
uint32_t store_run(const struct world *);                        /* connections of an earlier run are cut */
void store_moves(struct world *);                               /* nemesis: one chance for each of its faults */
void store_down(struct world *, ms_t for_ms);                   /* memory kept, connections cut */
void store_wrote(struct world *, const char *key);              /* it may be gone at once: the server is short of memory */
void store_calm(struct world *);

#endif
