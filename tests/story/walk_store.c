/* walk_store.c: the keys as a truthful store keeps them, replies that get lost, and another owner who holds, ends and
 * abandons keys. */
#include "tests/story/walk.h"

#include <stdlib.h>

enum { OTHER_OWNER = 99, OTHER_LEASE_MS = 3000 };

struct key *
store_key(struct walk *walk, uint32_t id, uint32_t target)
{
    return &walk->keys[(size_t)id * WALK_TARGETS + target];
}

uint32_t
store_id_of(struct slice id)
{
    char name[32] = { 0 };
    memcpy(name, id.at, id.size < sizeof(name) ? id.size : sizeof(name) - 1);
    return (uint32_t)strtoul(name + 1, NULL, 10);
}

static struct key *
key_of(struct walk *walk, const struct claim_order *order)
{
    return store_key(walk, store_id_of(order->id), order->target);
}

static void
write_key(struct walk *walk, struct key *key, const struct claim_value *value)
{
    if (value->state == CLAIM_STATE_NONE)
        return;
    if (key->value.state == CLAIM_STATE_DONE && value->state != CLAIM_STATE_DONE)
        walk_fail(walk, "a done mark became %c", (char)value->state);
    key->value = *value;
    key->written_ms = walk->now;
}

/* ---- the custodies of this process, as the store's adapter knows them ----------------------------------------------------- */

static bool
is_open_here(const struct walk *walk, uint64_t dispatch)
{
    size_t at = dispatch % 4096;
    return walk->custodies[at].dispatch == dispatch && walk->now - walk->custodies[at].heard_ms < walk->custodies[at].lease_ms;
}

static void
hear(struct walk *walk, const struct claim_order *order, bool opens)
{
    size_t at = order->dispatch % 4096;
    if (!opens && walk->custodies[at].dispatch != order->dispatch)
        return;
    walk->custodies[at].dispatch = order->dispatch;
    walk->custodies[at].heard_ms = walk->now;
    walk->custodies[at].lease_ms = walk->config.targets[order->target].claim_lease_ms;
}

static ms_t
reply_time(struct walk *walk)
{
    if (walk_chance(walk, walk->odds.busy_store))
        return 1 + walk_draw(walk, 3000);
    return walk_draw(walk, 4);
}

static bool
is_silent(struct walk *walk)
{
    return walk_chance(walk, walk->odds.silent) || (walk->faults && walk->odds.silent > 0 && walk->now / 4000 % 5 == 4);
}

void
store_claims(struct walk *walk, const struct effect *effect)
{
    struct answer answer = { .input.kind = INPUT_CLAIMED, .claim = effect->claim };
    answer.input.claimed.tag = effect->claim.tag;
    bool silent = is_silent(walk);
    if (!silent || walk_draw(walk, 2)) {
        struct key *key = key_of(walk, &effect->claim);
        struct claim_value write;
        bool open_here = key->value.state == CLAIM_STATE_CLAIMED && is_open_here(walk, key->value.dispatch);
        claim_meet(&effect->claim, walk->config.owner, &key->value, walk->now - key->written_ms, open_here,
                   &answer.input.claimed.answer, &write);
        if (effect->claim.window && write.state != CLAIM_STATE_NONE)
            windows_meet(walk, &answer, &write);
        if (answer.input.claimed.answer.verdict == CLAIM_TWIN)      /* given back: there is nothing but what is written now */
            key->value.state = CLAIM_STATE_NONE;
        write_key(walk, key, &write);
        if (!silent && write.state == CLAIM_STATE_CLAIMED && write.lease_ms > 0)
            hear(walk, &effect->claim, true);
        if (answer.input.claimed.answer.verdict == CLAIM_CONFLICT &&
            walk->config.targets[effect->claim.target].on_conflict == CONFLICT_DEAD_LETTER && key->value.fp == effect->claim.fp)
            walk_fail(walk, "a conflict of equal contents");
    }
    if (silent)
        answer.input.claimed.answer = (struct claim_answer){ .verdict = CLAIM_UNKNOWN };
    walk_later(walk, reply_time(walk), &answer);
}

void
store_settles(struct walk *walk, const struct effect *effect)
{
    struct answer answer = { .input.kind = INPUT_SETTLED, .claim = effect->claim };
    bool silent = is_silent(walk);
    answer.input.settled.tag = effect->claim.tag;
    answer.input.settled.answer = SETTLE_UNKNOWN;
    hear(walk, &effect->claim, false);
    if (!silent || walk_draw(walk, 2)) {
        struct key *key = key_of(walk, &effect->claim);
        struct claim_value write;
        enum settle_answer met = claim_settle_meet(&effect->claim, walk->config.owner, &key->value, &write);
        write_key(walk, key, &write);
        if (!silent)
            answer.input.settled.answer = met;
    }
    if (!silent && effect->kind == EFFECT_SETTLE)
        walk->custodies[effect->claim.dispatch % 4096].dispatch = 0;
    walk_later(walk, reply_time(walk), &answer);
}

/* Before the answer is fed. */
void
store_answered(struct walk *walk, struct answer *answer)
{
    if (answer->input.kind == INPUT_CLAIMED && answer->input.claimed.answer.leader.size)
        answer->input.claimed.answer.leader.at = answer->leader;
    if (answer->input.kind != INPUT_CLAIMED || answer->input.claimed.answer.verdict != CLAIM_CONFLICT)
        return;
    if (walk->config.targets[answer->claim.target].on_conflict == CONFLICT_DEAD_LETTER)
        return;
    for (uint32_t i = 0; i < walk->n_items; i++)
        if (walk->items[i].fp == answer->claim.fp &&
            store_key(walk, walk->items[i].id, answer->claim.target) == key_of(walk, &answer->claim))
            walk->items[i].fates[answer->claim.target].ignored = true;
}

/* ---- another worker with the same group and the same store ---------------------------------------------------------------- */

static struct claim_order
other_order(const struct item *item, uint32_t target, enum claim_state end)
{
    return (struct claim_order){ .target = target, .fp = item->fp, .dispatch = 1 + item->id, .attempt = 1,
                                 .lease_ms = OTHER_LEASE_MS, .ttl_ms = 1000000000, .end = end };
}

static void
other_claims(struct walk *walk, struct item *item, uint32_t target, struct key *key)
{
    struct claim_order order = other_order(item, target, CLAIM_STATE_CLAIMED);
    struct claim_answer answer;
    struct claim_value write;
    claim_meet(&order, OTHER_OWNER, &key->value, walk->now - key->written_ms, false, &answer, &write);
    if (write.state == CLAIM_STATE_NONE || answer.verdict == CLAIM_MINE)
        return;
    write_key(walk, key, &write);
    key->other_ms = walk->now + 1 + walk_draw(walk, 2 * OTHER_LEASE_MS);
}

/* It is truthful: what it released was not carried out, what it says is done was, and within its lease only. */
static void
other_ends(struct walk *walk, struct item *item, uint32_t target, struct key *key)
{
    struct claim_order order = other_order(item, target, CLAIM_STATE_RELEASED);
    bool ours = key->value.state == CLAIM_STATE_CLAIMED && key->value.owner == OTHER_OWNER &&
                key->value.dispatch == order.dispatch && key->value.fp == item->fp;
    bool may_send = ours && key->value.doubt == 0 && walk->now - key->written_ms < OTHER_LEASE_MS;
    struct claim_value write;
    key->other_ms = 0;
    if (!ours)
        return;
    order.doubt = key->value.doubt;
    uint32_t what = walk->faults ? walk_draw(walk, 5) : 0;
    if (order.doubt > 0)
        order.end = CLAIM_STATE_UNCONFIRMED;
    else if (what < 2 && may_send) {
        rules_at_execution(walk, item->id, target);
        key->executed++;
        order.end = CLAIM_STATE_DONE;
    } else if (what == 2) {
        key->executed += may_send;          /* and it dies */
        return;
    } else if (what == 3 && may_send) {     /* in doubt, given up */
        key->executed += walk_draw(walk, 2);
        order.end = CLAIM_STATE_CLAIMED;
        order.lease_ms = 0;
        order.doubt++;
    }
    claim_settle_meet(&order, OTHER_OWNER, &key->value, &write);
    write_key(walk, key, &write);
}

void
store_other_acts(struct walk *walk)
{
    for (uint32_t n = walk->faults ? 4 : walk->n_items; n > 0 && walk->n_items > 0; n--) {
        struct item *item = &walk->items[walk->faults ? walk_draw(walk, walk->n_items) : n - 1];
        uint32_t target = item->kind == EVENT_NOTICE ? 0 : walk_draw(walk, WALK_TARGETS);
        struct key *key = store_key(walk, item->id, target);
        if (key->other_ms > 0 && key->other_ms <= walk->now)
            other_ends(walk, item, target, key);
        else if (key->other_ms == 0 && walk_chance(walk, walk->odds.other))
            other_claims(walk, item, target, key);
    }
}
