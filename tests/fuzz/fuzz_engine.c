/* fuzz_engine.c: the input as a sequence of things that happen to an engine: records, answers that are true, late or to nobody,
 * the group's coming and going, time. The configuration is drawn from its first bytes.
 *
 * What adapters promise is kept: an order is answered once; a paused partition still gives what was fetched before; offsets
 * grow. What must hold: every delivery is at one place, a record is given back once, commits go forward and over nothing that was
 * not read or is not over, and no call has more members or company than the policy allows. */
#include "tests/fuzz/engine_stand.h"

/* ---- records ------------------------------------------------------------------------------------------------------------- */

static void
write_event(struct bytes *bytes, struct buf *text)
{
    static const char *const kinds[] = { "incident.generated", "alert.generated", "incident.updated", "notice" };
    uint8_t id = bytes_u8(bytes);
    buf_format(text, "{\"v\":1,\"id\":\"e%u\",\"kind\":\"%s\",\"aliyunUID\":\"1467890000733152\",\"incidentName\":\"n\","
               "\"alertName\":\"n\",\"incidentID\":\"i%u\",\"alertID\":\"i%u\",\"startTime\":\"2026-01-02 03:04:05\","
               "\"endTime\":\"2026-01-02 03:04:06\",\"status\":\"s\",\"level\":\"3\",\"title\":\"t\"}",
               id % 16, kinds[id >> 4 & 3], id % 3, id % 3);
}

/* One event, a few, or the input's own bytes. */
static void
write_record(struct bytes *bytes, struct kept *kept)
{
    struct buf text;
    uint32_t n = bytes_below(bytes, 4);
    buf_init(&text, kept->text, sizeof(kept->text));
    if (n == 0)
        buf_slice(&text, bytes_take(bytes, bytes_below(bytes, 64)));
    if (n > 1)
        buf_char(&text, '[');
    for (uint32_t i = 0; i < n && i < 3; i++) {
        if (i > 0)
            buf_char(&text, ',');
        write_event(bytes, &text);
    }
    if (n > 1)
        buf_char(&text, ']');
    kept->view = (struct record_view){ .value = buf_view(&text), .timestamp_ms = 1767322000000 };
    buf_init(&kept->written, kept->messages, sizeof(kept->messages));
}

static void
give_record(struct bytes *bytes)
{
    uint8_t flags = bytes_u8(bytes);
    if (world.group != GROUP_READING || world.n_assigned == 0 || world.n_records == RECORDS_MAX)
        return;
    uint32_t at = flags % world.n_assigned;
    if (world.paused[at] && world.after_pause[at]++ >= AFTER_PAUSE_MAX)
        return;
    struct kept *kept = &world.records[world.n_records];
    write_record(bytes, kept);
    struct input input = { .kind = INPUT_RECORD };
    input.record.handle = world.n_records++;
    input.record.partition = at;
    input.record.epoch = world.epoch;
    input.record.offset = world.next[at] + (flags >> 6);
    input.record.view = &kept->view;
    input.record.bytes = (uint32_t)kept->view.value.size;
    input.record.messages = flags & 4 ? &kept->written : NULL;
    world.next[at] = input.record.offset + 1;
    kept->epoch = world.epoch;
    kept->partition = at;
    kept->offset = input.record.offset;
    uint64_t stale = engine_stats(world.engine)->stale_answers;
    stand_feed(&input);
    kept->turned_away = engine_stats(world.engine)->stale_answers > stale;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------- */

static void
take_claim(struct bytes *bytes, struct claim_answer *answer)
{
    static const enum claim_state met[] = { CLAIM_STATE_DONE, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_DEAD };
    uint8_t what = bytes_u8(bytes);
    *answer = (struct claim_answer){ .verdict = what & 1 ? CLAIM_FREE : (enum claim_verdict)((what >> 1) % CLAIM_VERDICT_COUNT),
                                     .attempt = 1 + bytes_below(bytes, 3), .met = met[what >> 5 & 1] };
    bool may_doubt = answer->verdict == CLAIM_MINE || answer->verdict == CLAIM_TAKEOVER;
    answer->doubt = (answer->verdict == CLAIM_TAKEOVER) + (may_doubt ? bytes_below(bytes, 3) : 0);
    answer->first_sent_ms = answer->doubt ? 1767322000000 : 0;
    answer->rest_ms = answer->verdict == CLAIM_BUSY ? 16 * (ms_t)bytes_u8(bytes) : 0;
}

static void
take_verdict(struct bytes *bytes, struct input *input)
{
    uint8_t what = bytes_u8(bytes);
    struct verdict *verdict = &input->called.verdict;
    verdict->outcome = what & 1 ? OUTCOME_DELIVERED : (enum outcome)((what >> 1) % OUTCOME_COUNT);
    verdict->status = what & 64 ? 500 : 200;
    verdict->retry_after_ms = what & 128 ? bytes_time(bytes) & INT64_MAX : 0;
    input->called.lease_over = verdict->outcome == OUTCOME_NOT_SENT && (what & 32);
}

static void
answer(struct bytes *bytes, const struct asked *order)
{
    struct input input = { 0 };
    switch (order->kind) {
    case EFFECT_CLAIM:
        input.kind = INPUT_CLAIMED;
        input.claimed.tag = order->tag;
        take_claim(bytes, &input.claimed.answer);
        if (input.claimed.answer.verdict == CLAIM_REPEAT)
            input.claimed.answer.leader = SLICE("leader");
        break;
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        input.kind = INPUT_SETTLED;
        input.settled.tag = order->tag;
        input.settled.answer = (enum settle_answer)(bytes_below(bytes, 6) % 4 % 3);
        break;
    case EFFECT_CALL:
        input.kind = INPUT_CALLED;
        input.called.tag = order->tag;
        take_verdict(bytes, &input);
        break;
    case EFFECT_PARK:
        input.kind = INPUT_PARKED;
        input.parked.tag = order->tag;
        input.parked.ok = bytes_below(bytes, 4) > 0;
        break;
    case EFFECT_COMMIT:
        input.kind = INPUT_COMMITTED;
        input.committed.partition = order->partition;
        input.committed.epoch = order->epoch;
        input.committed.offset = order->offset;
        input.committed.result = (enum commit_result)bytes_below(bytes, 3);
        break;
    case EFFECT_FETCH_CREDENTIAL:
        input.kind = INPUT_CREDENTIAL;
        input.credential.target = order->target;
        input.credential.ok = bytes_below(bytes, 2);
        input.credential.refused = !input.credential.ok && bytes_below(bytes, 2);
        input.credential.expires_at_ms = bytes_below(bytes, 2) ? MS_NEVER : world.now_ms + 60000;
        break;
    default:
        return;
    }
    stand_feed(&input);
}

/* An order that waits; what came late to it is stale from then on, as its serial is. */
static void
answer_one(struct bytes *bytes)
{
    uint8_t which = bytes_u8(bytes);
    for (uint32_t i = 0; i < world.n_orders; i++) {
        struct asked *order = &world.orders[(i + which) % world.n_orders];
        if (order->answered)
            continue;
        order->answered = true;
        if (order->kind == EFFECT_CALL)
            world.calls[order->target]--;
        answer(bytes, order);
        return;
    }
}

/* To a serial that was over long ago, or was never given out. */
static void
answer_nobody(struct bytes *bytes)
{
    static const enum effect_kind kinds[] = { EFFECT_CLAIM, EFFECT_SETTLE, EFFECT_CALL, EFFECT_PARK };
    struct asked order = { .kind = kinds[bytes_below(bytes, 4)], .tag = { bytes_u8(bytes), UINT32_MAX - bytes_u8(bytes) } };
    if (order.tag.slot == 255)
        order.tag.slot = UINT32_MAX;
    uint64_t stale = engine_stats(world.engine)->stale_answers;
    answer(bytes, &order);
    check(engine_stats(world.engine)->stale_answers == stale + 1);
}

/* ---- the group, people, time --------------------------------------------------------------------------------------------- */

static void
join(struct bytes *bytes)
{
    struct input input = { .kind = INPUT_ASSIGNED };
    world.n_assigned = bytes_below(bytes, PARTITIONS + 1);
    for (uint32_t i = 0; i < world.n_assigned; i++) {
        int64_t from = world.sent[i] > 0 ? world.sent[i] : bytes_below(bytes, 2) ? -1 : 0;
        world.assignment[i] = (struct assignment){ .topic = "t", .number = (int32_t)i, .next_offset = from };
        world.next[i] = from > 0 ? from : 0;
        world.sent[i] = from;
        world.paused[i] = false;
        world.after_pause[i] = 0;
    }
    input.assigned.partitions = world.assignment;
    input.assigned.n = world.n_assigned;
    input.assigned.epoch = ++world.epoch;
    world.group = GROUP_READING;
    stand_feed(&input);
}

static void
group_moves(struct bytes *bytes)
{
    struct input input = { .kind = bytes_below(bytes, 2) ? INPUT_REVOKED : INPUT_LOST };
    if (world.group == GROUP_AWAY) {
        join(bytes);
        return;
    }
    if (input.kind == INPUT_REVOKED && world.group == GROUP_LEAVING)
        return;
    world.group = input.kind == INPUT_LOST ? GROUP_AWAY : GROUP_LEAVING;
    stand_feed(&input);
}

static void
people_act(struct bytes *bytes)
{
    struct input input = { .kind = INPUT_CONTROL };
    uint32_t what = bytes_below(bytes, 8);
    input.control = what < 3 ? CONTROL_PAUSE : what < 6 ? CONTROL_RESUME : CONTROL_DRAIN;
    if (what == 6) {
        input.kind = INPUT_AMNESIA;
        input.amnesia.until_ms = 1767322000000 + world.now_ms;
    }
    stand_feed(&input);
}

static void
time_passes(struct bytes *bytes)
{
    static const ms_t steps[] = { 1, 20, 500, 5000, 60000 };
    uint32_t what = bytes_below(bytes, 8);
    ms_t deadline = engine_deadline(world.engine);
    if (what < 5)
        world.now_ms += steps[what];
    else if (deadline != MS_NEVER && deadline > world.now_ms)
        world.now_ms = deadline;
    stand_feed(&(struct input){ .kind = INPUT_TICK });
}

static void
step(struct bytes *bytes)
{
    uint8_t what = bytes_u8(bytes);
    switch (what & 7) {
    case 0:
    case 1:
        give_record(bytes);
        break;
    case 2:
    case 3:
    case 4:
        answer_one(bytes);
        break;
    case 5:
        time_passes(bytes);
        break;
    case 6:
        if (what & 8)
            group_moves(bytes);
        else
            answer_nobody(bytes);
        break;
    default:
        people_act(bytes);
        break;
    }
    if (!(what & 128))
        stand_pull();
}

/* ---- the end: everyone answers, and well --------------------------------------------------------------------------------- */

static void
answer_well(const struct asked *order)
{
    struct input input = { 0 };
    switch (order->kind) {
    case EFFECT_CLAIM:
        input.kind = INPUT_CLAIMED;
        input.claimed.tag = order->tag;
        input.claimed.answer = (struct claim_answer){ .verdict = CLAIM_FREE, .attempt = 1 };
        break;
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        input.kind = INPUT_SETTLED;
        input.settled.tag = order->tag;
        break;
    case EFFECT_CALL:
        input.kind = INPUT_CALLED;
        input.called.tag = order->tag;
        input.called.verdict = (struct verdict){ .outcome = OUTCOME_DELIVERED, .status = 200 };
        break;
    case EFFECT_PARK:
        input.kind = INPUT_PARKED;
        input.parked.tag = order->tag;
        input.parked.ok = true;
        break;
    case EFFECT_COMMIT:
        input.kind = INPUT_COMMITTED;
        input.committed.partition = order->partition;
        input.committed.epoch = order->epoch;
        input.committed.offset = order->offset;
        break;
    case EFFECT_FETCH_CREDENTIAL:
        input.kind = INPUT_CREDENTIAL;
        input.credential.target = order->target;
        input.credential.ok = true;
        input.credential.expires_at_ms = MS_NEVER;
        break;
    default:
        return;
    }
    stand_feed(&input);
}

static bool
answer_next_well(void)
{
    for (uint32_t i = 0; i < world.n_orders; i++) {
        struct asked *order = &world.orders[i];
        if (order->answered)
            continue;
        order->answered = true;
        if (order->kind == EFFECT_CALL)
            world.calls[order->target]--;
        answer_well(order);
        return true;
    }
    return false;
}

static uint32_t
under_way(void)
{
    const struct engine_stats *stats = engine_stats(world.engine);
    uint32_t n = 0;
    for (uint32_t row = 0; row < TARGETS + 2; row++)
        for (unsigned i = 0; i < STAGE_COUNT; i++)
            n += stats->targets[row].inflight[i];
    return n;
}

/* No fault any more: every delivery comes to its end, and every record is given back. */
static void
come_to_rest(void)
{
    stand_feed(&(struct input){ .kind = INPUT_CONTROL, .control = CONTROL_RESUME });
    for (uint32_t i = 0; i < TARGETS; i++) {
        struct input input = { .kind = INPUT_CREDENTIAL };
        input.credential.target = i;
        input.credential.ok = input.credential.rotated = true;
        input.credential.expires_at_ms = MS_NEVER;
        stand_feed(&input);
    }
    stand_pull();
    for (uint32_t turn = 0; under_way() > 0 && !world.over; turn++) {
        check(turn < REST_TURNS_MAX);
        if (!answer_next_well()) {
            ms_t deadline = engine_deadline(world.engine);
            check(deadline != MS_NEVER);
            world.now_ms = deadline > world.now_ms ? deadline : world.now_ms;
            stand_feed(&(struct input){ .kind = INPUT_TICK });
        }
        stand_pull();
    }
    for (uint32_t i = 0; i < world.n_records && !world.over; i++)
        check(world.records[i].freed);
}

int
FUZZ(engine)(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    stand_start(&bytes);
    join(&bytes);
    for (int i = 0; i < STEPS_MAX && bytes.size > 0 && !world.over; i++)
        step(&bytes);
    stand_pull();
    if (!world.over && !world.unheard)
        come_to_rest();
    return 0;
}
