/* dedup_stand.h: a store with a loop around it and a book of what it answered. */
#ifndef TESTS_WIRE_DEDUP_STAND_H
#define TESTS_WIRE_DEDUP_STAND_H

#include "bridge/io/dedup.h"
#include "bridge/io/dedup_store.h"
#include "codecs/limits.h"
#include "tests/wire/redis_server.h"

enum { STAND_OWN = 0x1111, STAND_OTHER = 0x2222, STAND_ORDERS = 32768, STAND_TEXTS = 64, STAND_PATH_BYTES = 32,
       STAND_TIMEOUT_MS = 1000,     /* redis.timeout of most tests: a slow machine must not look like a slow server */
       STAND_PATIENCE_MS = 30000,   /* how long a test waits for what must come */
};

struct stand_answer {
    uint32_t times;
    bool of_claim;
    struct claim_answer claim;
    enum settle_answer settle;
    char leader[ID_BYTES_MAX + 1];  /* a copy of the claim's, "" = none; the claim's own is over */
};

struct stand {
    struct event_base *base;
    struct dedup *dedup;
    struct stand_answer *answers;   /* by tag.slot */
    uint32_t asked, answered, repeated;
    bool up, inside;                /* inside: a dedup_ function of ours is running */
    uint32_t reentered, changes, amnesia, unjournaled;
    char texts[STAND_TEXTS][400];
    uint32_t n_texts;
    enum dedup_state state;         /* the last that was told */
    int password_fd, sentinel_fd;   /* 0 = none */
    char password_file[STAND_PATH_BYTES], sentinel_file[STAND_PATH_BYTES];
};

extern struct dedup_config stand_config;     /* what a stand begins with; a test may change it */
extern const char *stand_sentinel_password;     /* of the stands that are made next; "" = none */
void stand_password(struct stand *, const char *password);     /* the file holds this from now on; "" = it is empty */

void stand_memory(struct stand *);
void stand_redis(struct stand *, const char *url, const char *password, uint64_t owner, ms_t timeout_ms);
void stand_on(struct stand *, const struct redis_server_of_test *);     /* at its port, our owner; waits until it is up */
void stand_release(struct stand *);
struct dedup_stats stand_stats(const struct stand *);

/* An order with the defaults: target 0, attempt 1, lease 30 s, ttl 1 h. */
struct claim_order stand_order(const char *id, uint64_t dispatch, uint64_t fp);

/* Ask; the number under which the answer will stand. */
uint32_t stand_claim(struct stand *, struct claim_order);
uint32_t stand_end(struct stand *, struct claim_order, enum claim_state end);
uint32_t stand_renew(struct stand *, struct claim_order);
void stand_flush(struct stand *);

/* Turn the loop until all is answered, or the store is up or down, or has forgotten so often; false when patience ends. */
bool stand_answers(struct stand *);
bool stand_until(struct stand *, bool up);
bool stand_forgets(struct stand *, uint32_t times);
void stand_turn(struct stand *, ms_t ms);

/* Ask one thing, flush and wait. */
struct claim_answer stand_claimed(struct stand *, struct claim_order);
enum settle_answer stand_ended(struct stand *, struct claim_order, enum claim_state end);

const char *stand_leader(const struct stand *);         /* of the last claim: "" = it is no repeat */
bool stand_heard(const struct stand *, const char *part);       /* a text of the state handler held it */

#endif
