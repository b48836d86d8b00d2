/* engine_stand.c: see engine_stand.h. */
#include "tests/fuzz/engine_stand.h"

#include <sys/mman.h>

struct engine_stand world;

/* ---- the start ----------------------------------------------------------------------------------------------------------- */

static void
take_policy(struct bytes *bytes, struct target_policy *policy, enum target_kind kind)
{
    uint8_t flags = bytes_u8(bytes);
    *policy = (struct target_policy){
        .name = kind == TARGET_NOTICE ? "portal" : "soar", .backend = backend_of(kind), .settings = &world.settings[kind],
        .batch_messages = kind == TARGET_NOTICE ? 1 + bytes_below(bytes, 8) : 1, .batch_bytes = flags & 1 ? 600 : 1 << 20,
        .linger_ms = flags & 2 ? 50 : 0, .concurrency = 1 + bytes_below(bytes, 3), .rate_per_hour = flags & 4 ? 3600 : 0,
        .order = flags & 8 ? ORDER_KEY : ORDER_NONE, .max_attempts = 1 + bytes_below(bytes, 4),
        .max_elapsed_ms = 20000, .retry_base_ms = 20, .retry_max_ms = 5000, .retry_after_max_ms = 3000,
        .connect_timeout_ms = 100, .call_timeout_ms = 1000, .claim_lease_ms = 5000, .dedup_ttl_ms = 1000000,
        .max_age_ms = flags & 16 ? 5000 : 0, .on_ambiguous = flags & 32 ? AMBIGUOUS_HOLD : AMBIGUOUS_RESEND,
        .max_ambiguous = flags & 64 ? 1 : UINT32_MAX, .on_conflict = flags & 128 ? CONFLICT_IGNORE : CONFLICT_DEAD_LETTER,
        .breaker_failures = 1 + bytes_below(bytes, 4), .breaker_every_ms = 1000,
    };
    uint8_t more = bytes_u8(bytes);
    policy->on_redis_down = more & 1 ? REDIS_DOWN_DEGRADE : REDIS_DOWN_PAUSE;
    policy->on_amnesia = more & 2 ? AMNESIA_HOLD : AMNESIA_CONTINUE;
}

static void
take_config(struct bytes *bytes)
{
    struct engine_config *config = &world.config;
    world.settings[TARGET_NOTICE] =
        (struct backend_settings){ .kind = TARGET_NOTICE, .host = "h", .path = "/p", .org_id = "o1", .app_id = "a",
                                   .message_id_prefix = "", .default_audience = AUDIENCE_ALL };
    world.settings[TARGET_SOAR] =
        (struct backend_settings){ .kind = TARGET_SOAR, .host = "h", .path = "/", .playbook_uuid = "p", .node_name = "n",
                                   .component_name = "c", .action_name = "a", .role_for = "", .lang = "" };
    *config = (struct engine_config){ .n_targets = TARGETS, .n_sources = 1, .n_routes = 4, .drain_ms = 1000,
                                      .revoke_drain_ms = 500, .commit_every_ms = 100, .owner = 77, .seed = 1 };
    take_policy(bytes, &config->targets[0], TARGET_NOTICE);
    take_policy(bytes, &config->targets[1], TARGET_SOAR);
    config->sources[0] = (struct source_policy){ "s", { FORMAT_AUTO, false, false, RECORD_BYTES_DEFAULT } };
    config->routes[0] = (struct route){ .name = "n", .kinds = 1u << EVENT_NOTICE, .target = 0 };
    config->routes[1] = (struct route){ .name = "i", .kinds = 3, .target = 1 };
    config->routes[2] = (struct route){ .name = "b", .kinds = 1u << EVENT_INCIDENT_GENERATED, .target = 0,
                                        .window_ms = bytes_below(bytes, 2) ? 60000 : 0 };
    config->routes[3] = (struct route){ .name = "d", .kinds = 1u << EVENT_INCIDENT_UPDATED, .target = TARGET_DROP };
    config->n_routes = 3 + bytes_below(bytes, 2);
    config->window_records = 64;
    config->window_bytes = bytes_below(bytes, 2) ? 2000 : 1 << 20;
    config->commit_every_records = 1 + bytes_below(bytes, 16);
}

/* The engine wants zeroed memory, most of which it never touches. */
void
stand_start(struct bytes *bytes)
{
    void *memory = world.memory;
    size_t memory_bytes = world.memory_bytes;
    struct decoder *decoder = world.decoder ? world.decoder : decoder_new();
    memset(&world, 0, sizeof(world));
    take_config(bytes);
    if (!memory) {
        memory_bytes = engine_size(&world.config) + (1 << 20);
        memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        check(memory != MAP_FAILED);
    } else {
        check(madvise(memory, memory_bytes, MADV_DONTNEED) == 0);
    }
    check(engine_size(&world.config) <= memory_bytes && decoder);
    world.memory = memory;
    world.memory_bytes = memory_bytes;
    world.decoder = decoder;
    world.now_ms = 1000;
    world.engine = engine_init(memory, &world.config, decoder, world.now_ms);
}

/* ---- effects ------------------------------------------------------------------------------------------------------------- */

/* Where the list is full, one that is over makes room; else the answer is never given, as when a server is silent for good. */
static void
keep_order(const struct asked *order)
{
    if (world.n_orders < ORDERS_MAX) {
        world.orders[world.n_orders++] = *order;
        return;
    }
    for (uint32_t i = 0; i < ORDERS_MAX; i++)
        if (world.orders[i].answered) {
            world.orders[i] = *order;
            return;
        }
    world.unheard = true;
}

static void
called(const struct effect *effect, struct asked *order)
{
    struct call_origin origin;
    const struct target_policy *policy = &world.config.targets[effect->call.target];
    check(effect->call.n >= 1 && effect->call.n <= policy->batch_messages);
    check(engine_call_origin(world.engine, effect->call.tag, &origin) && origin.n == effect->call.n);
    for (uint32_t i = 0; i < effect->call.n; i++) {
        struct call_member member;
        engine_call_member(world.engine, effect->call.tag, i, &member);
        check(member.handle < world.n_records && !world.records[member.handle].freed && member.id.size > 0);
        check(member.message_at + member.message_size <= world.records[member.handle].written.size);
    }
    check(++world.calls[effect->call.target] <= policy->concurrency);
    order->target = effect->call.target;
    order->tag = effect->call.tag;
}

static void
committed(const struct effect *effect)
{
    uint32_t at = effect->commit.partition;
    check(effect->commit.epoch == world.epoch && at < world.n_assigned && world.group != GROUP_AWAY);
    check(effect->commit.offset >= world.sent[at] && effect->commit.offset <= world.next[at]);
    world.sent[at] = effect->commit.offset;
}

static void
paused(const struct effect *effect)
{
    uint32_t at = effect->partition.partition;
    check(effect->partition.epoch == world.epoch && at < world.n_assigned);
    check(world.paused[at] == (effect->kind == EFFECT_RESUME));
    world.paused[at] = effect->kind == EFFECT_PAUSE;
    world.after_pause[at] = 0;
}

static uint64_t
abandoned(void)
{
    uint64_t n = 0;
    for (uint32_t row = 0; row < TARGETS + 2; row++)
        n += engine_stats(world.engine)->targets[row].terminal[TERMINAL_ABANDONED];
    return n;
}

/* What one input frees is abandoned as a whole or not at all. Of several inputs, or things that come due, nobody knows for which
 * of them the count grew. */
static void
freed(struct kept *kept)
{
    kept->freed = true;
    kept->over = !kept->turned_away && (world.mixed || abandoned() == world.abandoned);
}

static void
perform(const struct effect *effect)
{
    struct asked order = { .kind = effect->kind, .tag = effect->claim.tag };
    switch (effect->kind) {
    case EFFECT_CLAIM:
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        check(effect->claim.id.size > 0 && effect->claim.target < TARGETS && effect->claim.tag.serial != 0);
        break;
    case EFFECT_CALL:
        called(effect, &order);
        break;
    case EFFECT_PARK:
        check(effect->park.handle < world.n_records && !world.records[effect->park.handle].freed);
        order.tag = effect->park.tag;
        break;
    case EFFECT_COMMIT:
        committed(effect);
        order = (struct asked){ .kind = EFFECT_COMMIT, .partition = effect->commit.partition, .epoch = effect->commit.epoch,
                                .offset = effect->commit.offset };
        break;
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
        paused(effect);
        return;
    case EFFECT_FREE_RECORD:
        check(effect->handle < world.n_records && !world.records[effect->handle].freed);
        freed(&world.records[effect->handle]);
        return;
    case EFFECT_FETCH_CREDENTIAL:
        check(effect->credential.target < TARGETS);
        order.target = effect->credential.target;
        break;
    case EFFECT_DRAINED:
        world.over |= effect->drained.shutdown;
        if (!effect->drained.shutdown)
            world.group = GROUP_AWAY;
        return;
    case EFFECT_JOURNAL:
    case EFFECT_NOTE:
        return;
    }
    keep_order(&order);
}

static void
books_must_balance(void)
{
    const struct engine_stats *stats = engine_stats(world.engine);
    for (uint32_t row = 0; row < TARGETS + 2; row++) {
        const struct target_stats *target = &stats->targets[row];
        uint64_t closed = 0;
        for (unsigned i = 0; i < TERMINAL_COUNT; i++)
            closed += target->terminal[i];
        for (unsigned i = 0; i < STAGE_COUNT; i++)
            closed += target->inflight[i];
        check(target->opened[0] == closed);
    }
}

/* A COMMIT may stand before the FREE_RECORD of what it commits, so this holds once all effects are pulled. */
static void
commits_pass_over_nothing(void)
{
    for (uint32_t i = 0; i < world.n_records; i++) {
        const struct kept *kept = &world.records[i];
        if (kept->epoch == world.epoch && kept->offset < world.sent[kept->partition])
            check(kept->over);
    }
}

void
stand_pull(void)
{
    struct effect effect;
    for (uint32_t i = 0; engine_next(world.engine, &effect); i++) {
        check(i < EFFECTS_MAX);
        perform(&effect);
    }
    books_must_balance();
    commits_pass_over_nothing();
    world.fed = world.mixed = false;
    world.abandoned = abandoned();
}

void
stand_feed(struct input *input)
{
    input->now_ms = world.now_ms;
    input->wall_ms = 1767322000000 + world.now_ms;
    world.mixed |= world.fed || input->kind == INPUT_TICK;
    world.fed = true;
    engine_feed(world.engine, input);
}
