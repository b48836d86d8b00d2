/* walk.c: the clock of a walk, its seed, and the loop that lets things happen. */
#include "tests/story/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { REST_MS = 12 * 3600 * 1000, STEPS_MAX = 400000, SPIN_MAX = 30 };

uint32_t
walk_draw(struct walk *walk, uint32_t bound)
{
    return draw(&walk->draws, bound);
}

bool
walk_chance(struct walk *walk, uint32_t thousandths)
{
    return walk->faults && walk_draw(walk, 1000) < thousandths;
}

void
walk_fail(struct walk *walk, const char *format, ...)
{
    if (walk->failure[0])
        return;             /* the first one is the cause */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(walk->failure, sizeof(walk->failure), format, arguments);
    va_end(arguments);
}

void
walk_line(struct walk *walk, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        walk->hash = (walk->hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    char *line = walk->lines[walk->n_lines++ % WALK_LINES];
    size = size < WALK_LINE_BYTES - 1 ? size : WALK_LINE_BYTES - 1;
    memcpy(line, text, size);
    line[size] = '\0';
}

static void
on_trace(void *walk, const char *text, size_t size)
{
    walk_line(walk, text, size);
}

void
walk_tell(const struct walk *walk)
{
    uint64_t from = walk->n_lines > WALK_LINES ? walk->n_lines - WALK_LINES : 0;
    for (uint64_t i = from; i < walk->n_lines; i++)
        fprintf(stderr, "    %s\n", walk->lines[i % WALK_LINES]);
    fprintf(stderr, "seed %lu, step %lu, at %ld ms: %s\n", walk->seed, walk->steps, walk->now, walk->failure);
}

/* ---- answers to come ------------------------------------------------------------------------------------------------------ */

static bool
is_before(const struct answer *a, const struct answer *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

void
walk_later(struct walk *walk, ms_t wait_ms, const struct answer *answer)
{
    if (walk->n_pending == walk->pending_room) {
        walk->pending_room = walk->pending_room ? 2 * walk->pending_room : 256;
        walk->pending = realloc(walk->pending, walk->pending_room * sizeof(struct answer *));
    }
    struct answer *kept = malloc(sizeof(*kept));
    *kept = *answer;
    kept->at_ms = walk->now + wait_ms;
    kept->order = ++walk->order;
    uint32_t at = walk->n_pending++;
    for (; at > 0 && is_before(kept, walk->pending[(at - 1) / 2]); at = (at - 1) / 2)
        walk->pending[at] = walk->pending[(at - 1) / 2];
    walk->pending[at] = kept;
}

static struct answer *
take_first(struct walk *walk)
{
    struct answer *first = walk->pending[0], *last = walk->pending[--walk->n_pending];
    uint32_t at = 0, child;
    while ((child = 2 * at + 1) < walk->n_pending) {
        if (child + 1 < walk->n_pending && is_before(walk->pending[child + 1], walk->pending[child]))
            child++;
        if (!is_before(walk->pending[child], last))
            break;
        walk->pending[at] = walk->pending[child];
        at = child;
    }
    walk->pending[at] = last;
    return first;
}

/* ---- effects -------------------------------------------------------------------------------------------------------------- */

static void
keep_serial(struct walk *walk, const struct effect *effect)
{
    bool call = effect->kind == EFFECT_CALL;
    struct tag tag = call ? effect->call.tag : effect->kind == EFFECT_PARK ? effect->park.tag : effect->claim.tag;
    if (tag.serial == 0)
        walk_fail(walk, "serial 0 was given out");
    (call ? walk->batch_serials : walk->delivery_serials)[tag.slot] = tag.serial;
}

static void
perform(struct walk *walk, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_CLAIM:
        keep_serial(walk, effect);
        store_claims(walk, effect);
        return;
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        keep_serial(walk, effect);
        store_settles(walk, effect);
        return;
    case EFFECT_JOURNAL:
        rules_at_journal(walk, &effect->journal);
        return;
    case EFFECT_CALL:
        keep_serial(walk, effect);
        backend_calls(walk, effect);
        return;
    case EFFECT_PARK:
        keep_serial(walk, effect);
        backend_parks(walk, effect);
        return;
    case EFFECT_COMMIT:
        kafka_commits(walk, effect);
        return;
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
        kafka_pauses(walk, effect);
        return;
    case EFFECT_FREE_RECORD:
        kafka_frees(walk, effect->handle);
        return;
    case EFFECT_FETCH_CREDENTIAL:
        backend_credential(walk, effect);
        return;
    case EFFECT_NOTE:
        walk->floods += effect->note.what == NOTE_GUARD_ON;
        return;
    case EFFECT_DRAINED:
        kafka_drained(walk, effect);
        return;
    }
}

void
walk_feed(struct walk *walk, struct input *input)
{
    struct effect effect;
    input->now_ms = walk->now;
    input->wall_ms = 1767322000000 + walk->now;
    engine_feed(walk->engine, input);
    walk->turn++;
    if (input->kind != INPUT_TICK && walk_chance(walk, 300))
        return;             /* several inputs in one turn of the loop */
    while (!walk->failure[0] && engine_next(walk->engine, &effect))
        perform(walk, &effect);
    walk->turn = 0;
    if (!walk->failure[0])
        rules_at_step(walk);
}

/* ---- the process ---------------------------------------------------------------------------------------------------------- */

static void
forget_answers(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->n_pending; i++)
        free(walk->pending[i]);
    walk->n_pending = walk->n_old = 0;
}

void
walk_restart(struct walk *walk)
{
    forget_answers(walk);
    kafka_gone(walk);
    walk->shutdown_by_ms = 0;
    walk->turn = 0;
    memset(walk->custodies, 0, sizeof(walk->custodies));
    memset(walk->calls, 0, sizeof(walk->calls));
    memset(walk->slots, 0, sizeof(walk->slots));
    memset(walk->ends, 0, sizeof(walk->ends));
    for (uint32_t i = 0; i < walk->n_handles; i++)
        walk->handles[i].freed = true;
    walk->n_freed = walk->n_handles;
    walk->config.owner++;
    walk->config.seed++;
    free(walk->memory);
    walk->memory = calloc(1, engine_size(&walk->config));
    walk->engine = engine_init(walk->memory, &walk->config, walk->decoder, walk->now);
    engine_trace(walk->engine, on_trace, walk);
    memset(walk->delivery_serials, 0, walk->serials_room * sizeof(uint32_t));
    memset(walk->batch_serials, 0, walk->serials_room * sizeof(uint32_t));
}

/* Nobody has asked for this any more: an answer that was given before, to an order that has a successor. */
static void
answer_again(struct walk *walk)
{
    if (walk->n_old == 0)
        return;
    struct input input = walk->old[walk_draw(walk, walk->n_old < 64 ? walk->n_old : 64)];
    struct tag tag = input.kind == INPUT_CALLED ? input.called.tag : input.kind == INPUT_PARKED ? input.parked.tag
                   : input.kind == INPUT_CLAIMED ? input.claimed.tag : input.settled.tag;
    if (tag.serial < (input.kind == INPUT_CALLED ? walk->batch_serials : walk->delivery_serials)[tag.slot])
        walk_feed(walk, &input);
}

static void
answer_first(struct walk *walk)
{
    struct answer *answer = take_first(walk);
    enum input_kind kind = answer->input.kind;
    if (kind == INPUT_CLAIMED)
        store_answered(walk, answer);
    else if (kind == INPUT_CALLED)
        backend_answered(walk, answer);
    else if (kind == INPUT_PARKED)
        backend_parked(walk, answer);
    if (kind == INPUT_CLAIMED || kind == INPUT_CALLED || kind == INPUT_PARKED || kind == INPUT_SETTLED)
        walk->old[walk->n_old++ % 64] = answer->input;
    walk_feed(walk, &answer->input);
    free(answer);
}

static void
act(struct walk *walk)
{
    struct input input = { .kind = INPUT_CONTROL };
    uint32_t what = walk_draw(walk, 100);
    if (walk->faults || walk->steps % 64 == 0)
        store_other_acts(walk);
    if (walk->faults && what == 0) {
        input.control = walk_draw(walk, 3) ? CONTROL_RESUME : CONTROL_PAUSE;
        walk_feed(walk, &input);
    } else if (walk->faults && what == 1) {
        backend_rotates(walk);
    } else if (walk->faults && what < 8) {
        answer_again(walk);
    } else {
        kafka_move(walk);
    }
}

/* One moment: an answer, something at random, or the engine's own deadline, whichever comes first. */
static void
step(struct walk *walk, ms_t *act_ms, uint32_t *spins)
{
    ms_t deadline = engine_deadline(walk->engine), answer = walk->n_pending ? walk->pending[0]->at_ms : MS_NEVER;
    ms_t at = answer < *act_ms ? answer : *act_ms;
    walk->steps++;
    if (walk->turn > 0) {       /* the turn goes on: no time passes, nothing was pulled */
        if (answer <= walk->now)
            answer_first(walk);
        else if (walk_draw(walk, 2))
            act(walk);
        else
            walk_feed(walk, &(struct input){ .kind = INPUT_TICK });
        return;
    }
    if (deadline < at) {
        ms_t was = walk->now;
        walk->now = deadline > walk->now ? deadline + walk_chance(walk, 50) * walk_draw(walk, 30) : walk->now;
        *spins = walk->now > was ? 0 : *spins + 1;
        if (*spins > SPIN_MAX)
            walk_fail(walk, "the engine spins: its deadline stays in the past");
        walk_feed(walk, &(struct input){ .kind = INPUT_TICK });
        return;
    }
    walk->now = at > walk->now ? at : walk->now;
    if (answer <= *act_ms) {
        answer_first(walk);
        return;
    }
    act(walk);
    *act_ms = walk->now + 1 + walk_draw(walk, walk->faults ? 80 : 20);
}

/* ---- from the first step to the last -------------------------------------------------------------------------------------- */

static bool
is_at_rest(struct walk *walk)
{
    const struct engine_stats *stats = engine_stats(walk->engine);
    if (!kafka_is_all_committed(walk) || walk->n_pending > 0 || stats->window_records > 0)
        return false;
    for (uint32_t i = 0; i < WALK_TARGETS + 2; i++)
        for (unsigned stage = 0; stage < STAGE_COUNT; stage++)
            if (stats->targets[i].inflight[stage] > 0)
                return false;
    return true;
}

/* What no route matches is held until a person says otherwise. */
static void
operator_looks(struct walk *walk)
{
    if (walk->now < walk->resume_ms || !engine_stats(walk->engine)->targets[WALK_TARGETS].guarded)
        return;
    walk_feed(walk, &(struct input){ .kind = INPUT_CONTROL, .control = CONTROL_RESUME });
    walk->resume_ms = walk->now + 3000;
}

/* No fault any more: another owner ends what it holds, every partition is read here, and all must come to its end. */
static void
come_to_rest(struct walk *walk, ms_t *act_ms)
{
    ms_t until = walk->now + REST_MS;
    uint32_t spins = 0;
    walk->faults = false;
    if (walk->shutdown_by_ms == 1)
        walk_restart(walk);
    walk_feed(walk, &(struct input){ .kind = INPUT_CONTROL, .control = CONTROL_RESUME });
    while (!walk->failure[0] && !is_at_rest(walk)) {
        if (walk->shutdown_by_ms == 1)
            walk_restart(walk);
        kafka_come_to_rest(walk);
        operator_looks(walk);
        step(walk, act_ms, &spins);
        if (walk->now > until || walk->steps > STEPS_MAX)
            walk_fail(walk, "does not come to rest: %u of %u records, %u in windows, %u partitions paused", walk->n_records,
                      walk->records_wanted, engine_stats(walk->engine)->window_records, engine_stats(walk->engine)->paused);
    }
}

static void
begin(struct walk *walk, uint64_t seed)
{
    memset(walk, 0, sizeof(*walk));
    walk->seed = seed;
    walk->draws = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    walk->hash = UINT64_C(14695981039346656037);
    walk->faults = true;
    for (int i = 0; i < 8; i++)
        walk_draw(walk, 2);
    seed_config(walk);
    walk->decoder = decoder_new();
    walk->own_decoder = decoder_new();
    walk->records_wanted = 50 + walk_draw(walk, 250);
    walk->records = calloc(walk->records_wanted, sizeof(*walk->records));
    for (uint32_t i = 0; i < WALK_PARTITIONS; i++)
        walk->logs[i].log = calloc(walk->records_wanted, sizeof(uint32_t));
    walk->serials_room = 8192;
    walk->delivery_serials = calloc(walk->serials_room, sizeof(uint32_t));
    walk->batch_serials = calloc(walk->serials_room, sizeof(uint32_t));
    walk_restart(walk);
}

bool
walk_run(struct walk *walk, uint64_t seed)
{
    ms_t act_ms = 0;
    uint32_t spins = 0;
    begin(walk, seed);
    ms_t until = 5000 + walk_draw(walk, 60000);
    kafka_come_to_rest(walk);
    while (!walk->failure[0] && walk->now < until && walk->steps < STEPS_MAX / 2) {
        if (walk->shutdown_by_ms == 1)
            walk_restart(walk);
        step(walk, &act_ms, &spins);
    }
    come_to_rest(walk, &act_ms);
    if (!walk->failure[0])
        rules_at_rest(walk);
    return walk->failure[0] == '\0';
}

void
walk_end(struct walk *walk)
{
    forget_answers(walk);
    for (uint32_t i = 0; i < walk->n_records; i++)
        free(walk->records[i].text);
    for (uint32_t i = 0; i < WALK_PARTITIONS; i++)
        free(walk->logs[i].log);
    free(walk->pending);
    free(walk->records);
    free(walk->items);
    free(walk->keys);
    free(walk->handles);
    free(walk->delivery_serials);
    free(walk->batch_serials);
    free(walk->memory);
    decoder_free(walk->decoder);
    decoder_free(walk->own_decoder);
}
