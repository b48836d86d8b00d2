/* walk_kafka.c: a log of records that nobody meant well, and a group that comes and goes. */
#include "tests/story/walk.h"

#include "codecs/buf.h"

#include <stdio.h>
#include <stdlib.h>

enum { AFTER_PAUSE_MAX = 100 };

/* ---- the log -------------------------------------------------------------------------------------------------------------- */

static const char *const kinds[] = { "incident.generated", "alert.generated", "incident.updated", "notice" };

static void *
grow(void *at, uint32_t used, uint32_t *room, size_t size)
{
    if (used < *room)
        return at;
    *room = *room ? 2 * *room : 256;
    return realloc(at, *room * size);
}

static uint32_t
draw_id(struct walk *walk)
{
    if (walk->ids > 0 && walk_draw(walk, 6) == 0)
        return walk_draw(walk, walk->ids);
    uint32_t room = walk->ids_room;
    walk->keys = grow(walk->keys, walk->ids, &walk->ids_room, WALK_TARGETS * sizeof(*walk->keys));
    memset(walk->keys + (size_t)room * WALK_TARGETS, 0, (walk->ids_room - room) * WALK_TARGETS * sizeof(*walk->keys));
    return walk->ids++;
}

/* An id has one content, but for one in twenty that comes back with another one. Where it stands decides nothing of it. */
static void
write_event(struct walk *walk, struct buf *text)
{
    uint32_t id = draw_id(walk);
    uint32_t other_content = walk_draw(walk, 20) == 0;
    walk->items = grow(walk->items, walk->n_items, &walk->items_room, sizeof(*walk->items));
    struct item *item = &walk->items[walk->n_items++];
    *item = (struct item){ .id = id, .record = walk->n_records, 
                           .kind = (enum event_kind)(id * 7 % 11 % 4), .incident = id * 5 % 13 % WALK_INCIDENTS };
    char one[400];
    snprintf(one, sizeof(one), "{\"v\":1,\"id\":\"e%u\",\"kind\":\"%s\",\"aliyunUID\":\"1467890000733152\","
             "\"incidentName\":\"n\",\"alertName\":\"n\","
             "\"incidentID\":\"i%u\",\"alertID\":\"i%u\",\"startTime\":\"2026-01-02 03:04:05\","
             "\"endTime\":\"2026-01-02 03:04:06\",\"status\":\"s\",\"level\":\"3\",\"title\":\"t%u\",\"dedupKey\":\"k%u\"}", id,
             kinds[item->kind], item->incident, item->incident, other_content, id * 3 % 17 % 5);
    buf_text(text, one);
}

static uint32_t
draw_size(struct walk *walk)
{
    if (walk_draw(walk, 10))
        return 1;
    if (walk->seed % 10 == 0 && walk_draw(walk, 3) == 0)
        return 200 + walk_draw(walk, 300);
    return 2 + walk_draw(walk, 8);
}

static void
write_record(struct walk *walk, struct logged *record)
{
    static char room[RECORD_BYTES_DEFAULT];
    struct buf text;
    record->first_item = walk->n_items;
    record->n_items = walk_draw(walk, 25) == 0 ? 0 : draw_size(walk);
    buf_init(&text, room, sizeof(room));
    if (record->n_items == 0)
        buf_text(&text, "{\"v\":1,");
    if (record->n_items > 1)
        buf_char(&text, '[');
    for (uint32_t i = 0; i < record->n_items; i++) {
        if (i > 0)
            buf_char(&text, ',');
        write_event(walk, &text);
    }
    if (record->n_items > 1)
        buf_char(&text, ']');
    record->text = malloc(text.size + 1);
    memcpy(record->text, text.at, text.size);
    record->view.value = (struct slice){ record->text, text.size };
    record->view.timestamp_ms = 1767322000000 + walk->now;
}

/* What another worker would read in it. */
static void
read_back(struct walk *walk, const struct logged *record)
{
    struct decoded decoded;
    enum fault fault = decode(walk->own_decoder, &walk->config.sources[0].rules, &record->view, &decoded);
    if ((fault == FAULT_NONE) != (record->n_items > 0) || (record->n_items > 0 && decoded.n != record->n_items)) {
        walk_fail(walk, "the walk's own record is read as fault %d, %u of %u", (int)fault, decoded.n, record->n_items);
        return;
    }
    for (uint32_t i = 0; i < record->n_items; i++)
        walk->items[record->first_item + i].fp = event_fingerprint(&decoded.events[i], &walk->config.hash_key);
}

void
kafka_produce(struct walk *walk)
{
    if (walk->n_records == walk->records_wanted)
        return;
    uint32_t partition = walk_draw(walk, WALK_PARTITIONS);
    struct logged *record = &walk->records[walk->n_records];
    record->partition = partition;
    record->offset = walk->logs[partition].end + (walk_draw(walk, 8) ? 0 : walk_draw(walk, 3));
    walk->logs[partition].end = record->offset + 1;
    walk->logs[partition].log[walk->logs[partition].n_log++] = walk->n_records;
    write_record(walk, record);
    read_back(walk, record);
    walk->n_records++;
}

bool
kafka_is_all_committed(const struct walk *walk)
{
    for (uint32_t i = 0; i < WALK_PARTITIONS; i++)
        if (walk->logs[i].committed < walk->logs[i].end)
            return false;
    return walk->n_records == walk->records_wanted;
}

/* ---- the group ------------------------------------------------------------------------------------------------------------ */

static void
begin_reading(struct walk *walk, uint32_t reader, uint32_t partition)
{
    uint32_t next = 0;
    int64_t committed = walk->logs[partition].committed;
    while (next < walk->logs[partition].n_log && walk->records[walk->logs[partition].log[next]].offset < committed)
        next++;
    walk->assignment[reader] =
        (struct assignment){ .topic = "walk", .number = (int32_t)partition, .next_offset = committed > 0 ? committed : -1 };
    walk->readers[reader].partition = partition;
    walk->readers[reader].next = walk->readers[reader].first = walk->readers[reader].reached = next;
    walk->readers[reader].paused = walk->readers[reader].refused = false;
    walk->readers[reader].slack = 0;
    walk->readers[reader].sent = -1;
}

static void
assign(struct walk *walk, uint32_t n)
{
    struct input input = { .kind = INPUT_ASSIGNED };
    uint32_t first = walk_draw(walk, WALK_PARTITIONS);
    for (uint32_t i = 0; i < n; i++)
        begin_reading(walk, i, (first + i) % WALK_PARTITIONS);
    walk->n_assigned = n;
    walk->group = GROUP_READING;
    input.assigned.partitions = walk->assignment;
    input.assigned.n = n;
    input.assigned.epoch = ++walk->epoch;
    walk_feed(walk, &input);
}

void
kafka_gone(struct walk *walk)
{
    walk->group = GROUP_AWAY;
    walk->n_assigned = 0;
    walk->revoke_by_ms = 0;
}

static void
give(struct walk *walk, uint32_t reader)
{
    uint32_t partition = walk->readers[reader].partition;
    if (walk->readers[reader].next == walk->logs[partition].n_log)
        return;
    struct input input = { .kind = INPUT_RECORD };
    uint32_t record = walk->logs[partition].log[walk->readers[reader].next++];
    if (walk->readers[reader].next > walk->readers[reader].reached)
        walk->readers[reader].reached = walk->readers[reader].next;
    walk->handles = grow(walk->handles, walk->n_handles, &walk->handles_room, sizeof(*walk->handles));
    walk->handles[walk->n_handles].record = record;
    walk->handles[walk->n_handles].epoch = walk->epoch;
    walk->handles[walk->n_handles].freed = false;
    input.record.handle = walk->n_handles++;
    input.record.partition = reader;
    input.record.epoch = walk->epoch;
    input.record.offset = walk->records[record].offset;
    input.record.view = &walk->records[record].view;
    input.record.bytes = (uint32_t)walk->records[record].view.value.size;
    walk_feed(walk, &input);
}

static void
lose(struct walk *walk)
{
    struct input input = { .kind = INPUT_LOST };
    if (walk->group == GROUP_AWAY)
        return;
    kafka_gone(walk);
    walk_feed(walk, &input);
}

/* The group says at last what a refused commit told already; and what is read elsewhere is read here. */
void
kafka_come_to_rest(struct walk *walk)
{
    bool whole = walk->n_assigned == WALK_PARTITIONS;
    if (walk->group == GROUP_READING)
        for (uint32_t i = 0; i < walk->n_assigned; i++)
            whole &= !walk->readers[i].refused;
    if (walk->group == GROUP_READING && !whole)
        lose(walk);
    if (walk->group == GROUP_AWAY)
        assign(walk, WALK_PARTITIONS);
}

/* As after a change of leader: some records come again, be they open, finished or committed. */
static void
go_back(struct walk *walk, uint32_t reader)
{
    uint32_t next = walk->readers[reader].next, back = 1 + walk_draw(walk, 10);
    walk->readers[reader].next = next < back ? 0 : next - back;
}

/* What was fetched before the pause was carried out still comes. */
static void
fetch(struct walk *walk)
{
    if (walk->n_assigned == 0 || walk->group == GROUP_AWAY)
        return;
    uint32_t reader = walk_draw(walk, walk->n_assigned);
    if (walk->faults && walk_draw(walk, 100) == 0)
        go_back(walk, reader);
    for (uint32_t n = 1 + walk_draw(walk, 20); n > 0; n--) {
        if (walk->readers[reader].paused && (walk->readers[reader].slack++ >= AFTER_PAUSE_MAX || !walk->faults))
            return;
        if (walk->readers[reader].paused && walk_draw(walk, 10))
            return;
        give(walk, reader);
    }
}

static void
leave(struct walk *walk)
{
    struct input input = { .kind = INPUT_REVOKED };
    if (walk->group != GROUP_READING)
        return;
    walk->group = GROUP_LEAVING;
    walk->revoke_by_ms = walk->now + walk->config.revoke_drain_ms + WALK_COMMIT_MS;
    walk_feed(walk, &input);
}

static void
shut_down(struct walk *walk)
{
    struct input input = { .kind = INPUT_CONTROL, .control = CONTROL_DRAIN };
    if (walk->shutdown_by_ms > 0)
        return;
    walk->shutdown_by_ms = walk->now + walk->config.drain_ms + WALK_COMMIT_MS;
    walk_feed(walk, &input);
}

static void
rebalance(struct walk *walk)
{
    uint32_t what = walk_draw(walk, 10);
    if (!walk->faults)
        return;
    if (walk->group == GROUP_AWAY && what < 8)
        assign(walk, walk_draw(walk, WALK_PARTITIONS + 1));
    else if (what < 4)
        leave(walk);
    else if (what < 6)
        lose(walk);
    else if (what == 8)
        shut_down(walk);
    else if (what == 9)
        walk_restart(walk);
}

void
kafka_move(struct walk *walk)
{
    if (walk_draw(walk, 60) == 0)
        rebalance(walk);
    else if (walk_draw(walk, 2))
        kafka_produce(walk);
    else
        fetch(walk);
}

/* ---- what the engine asks of it ------------------------------------------------------------------------------------------- */

/* A commit is of this assignment, or refused; its answer may be lost on the way. */
void
kafka_commits(struct walk *walk, const struct effect *effect)
{
    struct answer answer = { .input.kind = INPUT_COMMITTED };
    uint32_t reader = effect->commit.partition;
    answer.input.committed.partition = reader;
    answer.input.committed.epoch = effect->commit.epoch;
    answer.input.committed.offset = effect->commit.offset;
    if (effect->commit.epoch != walk->epoch || walk->group == GROUP_AWAY || reader >= walk->n_assigned) {
        answer.input.committed.result = COMMIT_STALE;
        walk_fail(walk, "a commit of an assignment that is over");
    } else {
        rules_at_commit(walk, reader, effect->commit.offset);
        bool fails = walk_chance(walk, walk->odds.commit_fails);
        answer.input.committed.result = fails ? COMMIT_FAILED : COMMIT_OK;
        if (walk_chance(walk, walk->odds.commit_fails / 20))
            answer.input.committed.result = COMMIT_STALE;
        walk->readers[reader].refused |= answer.input.committed.result == COMMIT_STALE;
        int64_t *committed = &walk->logs[walk->readers[reader].partition].committed;
        if ((answer.input.committed.result == COMMIT_OK || (fails && walk_draw(walk, 2))) && effect->commit.offset > *committed)
            *committed = effect->commit.offset;
    }
    walk_later(walk, walk_draw(walk, walk->odds.commit_fails && walk->faults ? 1500 : 10), &answer);
}

void
kafka_pauses(struct walk *walk, const struct effect *effect)
{
    uint32_t reader = effect->partition.partition;
    bool pause = effect->kind == EFFECT_PAUSE;
    if (effect->partition.epoch != walk->epoch || reader >= walk->n_assigned)
        walk_fail(walk, "a pause of an assignment that is over");
    else if (walk->readers[reader].paused == pause)
        walk_fail(walk, "partition %u is told twice to %s", reader, pause ? "pause" : "resume");
    walk->readers[reader].paused = pause;
    walk->readers[reader].slack = 0;
}

void
kafka_frees(struct walk *walk, uint32_t handle)
{
    if (handle >= walk->n_handles || walk->handles[handle].freed) {
        walk_fail(walk, "handle %u is given back twice", handle);
        return;
    }
    walk->handles[handle].freed = true;
    walk->n_freed++;
}

/* Until then what is under way is waited for. A revoke within a shutdown has no more time than that. */
static ms_t
waited_until(const struct walk *walk, bool shutdown)
{
    bool revoke_is_first = !shutdown && (walk->shutdown_by_ms == 0 || walk->revoke_by_ms < walk->shutdown_by_ms);
    return (revoke_is_first ? walk->revoke_by_ms : walk->shutdown_by_ms) - WALK_COMMIT_MS;
}

void
kafka_drained(struct walk *walk, const struct effect *effect)
{
    ms_t until = waited_until(walk, effect->drained.shutdown);
    if (effect->drained.abandoned > 0 && walk->now < until)
        walk_fail(walk, "a %s gives %u up, with %ld ms left", effect->drained.shutdown ? "shutdown" : "revoke",
                  effect->drained.abandoned, until - walk->now);
    if (effect->drained.complete && effect->drained.abandoned > 0)
        walk_fail(walk, "complete, with %u abandoned", effect->drained.abandoned);
    if (effect->drained.shutdown ? walk->shutdown_by_ms == 0 : walk->revoke_by_ms == 0)
        walk_fail(walk, "drained, and nobody asked");
    if (!effect->drained.shutdown) {
        kafka_gone(walk);
        return;
    }
    walk->shutdown_by_ms = 1;               /* over: the process ends */
}
