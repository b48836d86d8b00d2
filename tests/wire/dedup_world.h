/* dedup_world.h: a store with a loop around it and a book of what it answered. */
#ifndef TESTS_WIRE_DEDUP_WORLD_H
#define TESTS_WIRE_DEDUP_WORLD_H

#include "bridge/io/dedup.h"
#include "bridge/io/dedup_store.h"
#include "tests/wire/redis_server.h"

enum { WORLD_OWN = 0x1111, WORLD_OTHER = 0x2222, WORLD_ORDERS = 32768, WORLD_TEXTS = 64 };

struct world_answer {
    uint32_t times;
    bool of_claim;
    struct claim_answer claim;
    enum settle_answer settle;
};

struct world {
    struct event_base *base;
    struct dedup *dedup;
    struct world_answer *answers;   /* by tag.slot */
    uint32_t asked, answered, repeated;
    bool up, inside;                /* inside: a dedup_ function of ours is running */
    uint32_t reentered, changes, amnesia;
    char texts[WORLD_TEXTS][400];
    uint32_t n_texts;
};

void world_memory(struct world *);
void world_redis(struct world *, const char *url, const char *password, uint64_t owner, ms_t timeout_ms);
void world_on(struct world *, const struct redis_server_of_test *);     /* at its port, our owner, 300 ms; waits until it is up */
void world_release(struct world *);

/* An order with the defaults: target 0, attempt 1, lease 30 s, ttl 1 h. */
struct claim_order world_order(const char *id, uint64_t dispatch, uint64_t fp);

/* Ask; the number under which the answer will stand. */
uint32_t world_claim(struct world *, struct claim_order);
uint32_t world_end(struct world *, struct claim_order, enum claim_state end);
uint32_t world_renew(struct world *, struct claim_order);
void world_flush(struct world *);

/* Turn the loop until all is answered, or up or down, or `ms` went by; false on the latter. */
bool world_answers(struct world *, ms_t ms);
bool world_until(struct world *, bool up, ms_t ms);
bool world_forgets(struct world *, uint32_t times, ms_t ms);
void world_turn(struct world *, ms_t ms);

/* Ask one thing, flush and wait. */
struct claim_answer world_claimed(struct world *, struct claim_order);
enum settle_answer world_ended(struct world *, struct claim_order, enum claim_state end);

bool world_heard(const struct world *, const char *part);       /* a text of the state handler held it */

#endif
