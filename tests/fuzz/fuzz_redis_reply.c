/* fuzz_redis_reply.c: the Redis store against a server that answers anything. The connection is left out: what would be sent is
 * kept here, and is answered by replies made of the input, as hiredis hands them over.
 *
 * Whatever is said: each order has one answer at most, a claim is ours and an end is written only after a reply that says so, and
 * without a reply nothing is known. */
#include "bridge/io/redis_parts.h"
#include "tests/fuzz/shared.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { SENT_MAX = 256, ORDERS_MAX = 64, TREE_MAX = 24, TURNS_MAX = 200 };

struct command {
    void (*reply)(struct redisAsyncContext *, void *, void *);
    void *data;
};

static struct {
    struct redis *redis;
    struct command sent[SENT_MAX];
    uint32_t n_sent, n_orders;
    bool open, dropping;
    const redisReply *said;         /* being handed over; NULL = none */
    enum redis_step asked;          /* what it answers */
    uint8_t answers[ORDERS_MAX];
    char *texts[TREE_MAX];
    redisReply tree[TREE_MAX], *elements[TREE_MAX][4];
    uint32_t n_tree;
} world;

static const char *const targets[] = { "soar", "portal" };

/* ---- in place of the connection ------------------------------------------------------------------------------------------ */

bool __wrap_redis_link_send(struct redis_link *, struct slice, void (*)(struct redisAsyncContext *, void *, void *), void *);
void __wrap_redis_link_drop(struct redis_link *, const char *);

bool
__wrap_redis_link_send(struct redis_link *link, struct slice command,
                       void (*reply)(struct redisAsyncContext *, void *, void *), void *data)
{
    (void)link;
    check(command.size > 4 && command.at[0] == '*' && command.at[command.size - 1] == '\n');
    if (!world.open || world.dropping || world.n_sent == SENT_MAX)
        return false;
    world.sent[world.n_sent++] = (struct command){ reply, data };
    return true;
}

static struct command
take_first(void)
{
    struct command first = world.sent[0];
    memmove(world.sent, world.sent + 1, --world.n_sent * sizeof(first));
    return first;
}

/* As hiredis does it: all that is under way is handed back without a reply, then the owner is told. */
void
__wrap_redis_link_drop(struct redis_link *link, const char *why)
{
    check(why && why[0]);
    if (!world.open || world.dropping)
        return;
    world.dropping = true;
    world.said = NULL;
    while (world.n_sent > 0) {
        struct command command = take_first();
        command.reply(NULL, NULL, command.data);
    }
    world.open = world.dropping = false;
    link->closed(link->owner, why);
}

/* ---- the worker's side --------------------------------------------------------------------------------------------------- */

static void
count_answer(struct tag tag)
{
    check(tag.slot < world.n_orders && ++world.answers[tag.slot] == 1);
}

/* The reply holds the value that stands there. */
static bool
said_what_it_met(void)
{
    return world.said && (world.said->type == REDIS_REPLY_STRING || world.said->type == REDIS_REPLY_ARRAY);
}

static bool
said_written(void)
{
    return world.said && (world.asked == STEP_SWAP || world.asked == STEP_HOLD) && world.said->type == REDIS_REPLY_INTEGER;
}

static void
claimed(void *owner, struct tag tag, const struct claim_answer *answer)
{
    (void)owner;
    count_answer(tag);
    check(answer->rest_ms >= 0);
    switch (answer->verdict) {
    case CLAIM_FREE:
        check(said_written() || (world.said && world.asked == STEP_CLAIM && world.said->type == REDIS_REPLY_NIL));
        return;
    case CLAIM_RETRY:
    case CLAIM_TAKEOVER:
        check(said_written() && answer->attempt >= 1);
        return;
    case CLAIM_MINE:
        check(said_written() || said_what_it_met());
        return;
    case CLAIM_BUSY:
    case CLAIM_DUPLICATE:
    case CLAIM_CONFLICT:
        check(said_what_it_met());
        return;
    case CLAIM_UNKNOWN:
        return;
    case CLAIM_REPEAT:          /* no order of ours has a window */
    case CLAIM_TWIN:
    case CLAIM_VERDICT_COUNT:
        break;
    }
    broken("a verdict that does not exist");
}

static void
settled(void *owner, struct tag tag, enum settle_answer answer)
{
    (void)owner;
    count_answer(tag);
    if (answer == SETTLE_OK)
        check(said_written() || said_what_it_met() ||
              (world.said && world.asked == STEP_DONE && world.said->type == REDIS_REPLY_STATUS));
    else
        check(answer == SETTLE_UNKNOWN || (answer == SETTLE_FENCED && said_what_it_met()));
}

static void
state(void *owner, enum dedup_state what, const char *text)
{
    (void)owner;
    check(what <= DEDUP_IN_MEMORY && text[0]);
}

static void
tell(void *owner, const char *text)
{
    (void)owner;
    check(text);
}

static void
order(struct bytes *bytes)
{
    static const enum claim_state ends[] = { CLAIM_STATE_DONE, CLAIM_STATE_RELEASED, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_DEAD };
    uint8_t flags = bytes_u8(bytes);
    if (world.n_orders == ORDERS_MAX)
        return;
    struct claim_order order = {
        .tag = { world.n_orders++, 1 }, .target = flags & 1, .id = SLICE("e1"), .fp = flags & 2 ? 0x1000000000000001 : 17,
        .dispatch = 1 + bytes_below(bytes, 4), .attempt = 1, .doubt = flags >> 2 & 3, .lease_ms = 60000, .ttl_ms = 600000,
        .replay = flags & 16, .end = ends[flags >> 5 & 3],
    };
    if (flags & 128) {
        dedup_claim(&world.redis->dedup, &order);
        return;
    }
    if (bytes_below(bytes, 2)) {
        dedup_settle(&world.redis->dedup, &order);
        return;
    }
    order.end = CLAIM_STATE_CLAIMED;
    dedup_renew(&world.redis->dedup, &order);
}

static void
journal(void)
{
    struct journal_entry entry = { .what = JOURNAL_END, .id = SLICE("e1"), .target = "soar", .end = TERMINAL_DELIVERED,
                                   .reason = REASON_COUNT, .topic = "t", .code = "", .request_id = "" };
    dedup_journal(&world.redis->dedup, &entry);
}

/* ---- replies ------------------------------------------------------------------------------------------------------------- */

static redisReply *
take_reply(struct bytes *bytes, int depth)
{
    static const int types[] = { REDIS_REPLY_STRING, REDIS_REPLY_STATUS, REDIS_REPLY_ERROR, REDIS_REPLY_INTEGER, REDIS_REPLY_NIL,
                                 REDIS_REPLY_ARRAY, REDIS_REPLY_ARRAY };
    uint32_t at = world.n_tree++;
    redisReply *reply = &world.tree[at];
    *reply = (redisReply){ .type = types[bytes_below(bytes, depth == 0 ? 7 : 5)] };
    if (reply->type == REDIS_REPLY_INTEGER) {
        reply->integer = bytes_time(bytes);
    } else if (reply->type == REDIS_REPLY_ARRAY) {
        reply->elements = bytes_below(bytes, 5);
        reply->element = world.elements[at];
        for (size_t i = 0; i < reply->elements; i++)
            reply->element[i] = take_reply(bytes, depth + 1);
    } else if (reply->type != REDIS_REPLY_NIL) {
        struct slice text = bytes_part(bytes, '\n');
        char *copy = malloc(text.size + 1);
        check(copy);
        memcpy(copy, text.at, text.size);
        copy[text.size] = '\0';
        world.texts[at] = reply->str = copy;
        reply->len = (__typeof__(reply->len))text.size;
    }
    return reply;
}

static void
free_replies(void)
{
    for (uint32_t i = 0; i < world.n_tree; i++) {
        free(world.texts[i]);
        world.texts[i] = NULL;
    }
    world.n_tree = 0;
}

static void
answer(redisReply *reply)
{
    if (world.n_sent == 0)
        return;
    struct command command = take_first();
    world.said = reply;
    world.asked = ((const struct redis_slot *)command.data)->step;
    command.reply(NULL, reply, command.data);
    world.said = NULL;
}

/* The replies of a server that is as it should be, to come past the hello. */
static void
answer_well(void)
{
    char digest[] = "0123456789abcdef0123456789abcdef01234567", canary[] = "0123456789abcdef:1", master[] = "master";
    redisReply text = { .type = REDIS_REPLY_STRING, .str = digest, .len = SCRIPT_SHA_DIGITS };
    redisReply counted = { .type = REDIS_REPLY_STRING, .str = canary, .len = sizeof(canary) - 1 };
    redisReply role = { .type = REDIS_REPLY_STRING, .str = master, .len = sizeof(master) - 1 };
    redisReply *pair[] = { &counted, &counted }, *one[] = { &role };
    redisReply array = { .type = REDIS_REPLY_ARRAY, .elements = 2, .element = pair };
    redisReply roles = { .type = REDIS_REPLY_ARRAY, .elements = 1, .element = one };
    while (world.n_sent > 0 && !world.redis->ready) {
        const struct redis_slot *slot = world.sent[0].data;
        answer(slot->step == STEP_READY ? &array : slot->step == STEP_ROLE ? &roles : &text);
    }
}

static void
connect_again(struct bytes *bytes)
{
    if (world.open)
        return;
    world.open = true;
    world.redis->link.opened(world.redis->link.owner);
    if (bytes_below(bytes, 4))
        answer_well();
}

static void
step(struct bytes *bytes)
{
    uint32_t what = bytes_below(bytes, 8);
    if (what < 2) {
        order(bytes);
    } else if (what < 6) {
        answer(take_reply(bytes, 0));
        free_replies();
    } else if (what == 6) {
        dedup_flush(&world.redis->dedup);
        journal();
    } else {
        connect_again(bytes);
    }
}

int
FUZZ(redis_reply)(const uint8_t *data, size_t size)
{
    static struct event_base *base;
    static const struct dedup_handler handler = { .claimed = claimed, .settled = settled, .state = state, .amnesia = tell,
                                                  .unjournaled = tell };
    static const struct dedup_config config = {
        .url = "redis://127.0.0.1:1", .password_file = "", .sentinel_password_file = "", .ca_file = "", .prefix = "ab",
        .timeout_ms = 1000, .owner = 7, .targets = targets, .n_targets = 2, .orders = ORDERS_MAX, .journal_max_len = 100,
        .journal_max_age_ms = 1000,
    };
    struct bytes bytes = { data, size };
    char error[256];
    if (!base)
        base = event_base_new();
    memset(&world, 0, sizeof(world));
    world.redis = (struct redis *)dedup_new(&config, base, &handler, error, sizeof(error));
    check(world.redis);
    connect_again(&bytes);
    for (int turn = 0; turn < TURNS_MAX && bytes.size > 0; turn++)
        step(&bytes);
    world.redis->closing = true;
    while (world.n_sent > 0)
        answer(NULL);
    dedup_free(&world.redis->dedup);
    return 0;
}
