/* intake.c: a record becomes its deliveries: decode, route, lanes. */
#include "bridge/core/state.h"

#include <string.h>

static struct record *
record_open(struct engine *engine)
{
    struct node *node = list_pop(&engine->free_records);
    if (node)
        return LIST_ENTRY(node, struct record, link);
    if (engine->fresh_records == engine->n_records)
        return NULL;
    struct record *record = &engine->records[engine->fresh_records];
    record->slot = engine->fresh_records++;
    return record;
}

void
record_leave_window(struct engine *engine, struct record *record)
{
    bool ours = record->epoch == engine->epoch || MUTATED(epoch_ignored);
    if (ours && record->partition < engine->n_partitions && !record->abandoned && !record->left)
        partition_finished(engine, record->partition, record->window_slot);
    record->left = true;
}

/* One delivery of the record, or its expansion, is over; the last one frees it. */
void
record_finish_one(struct engine *engine, struct record *record)
{
    check(record->open > 0);
    if (--record->open > 0)
        return;
    engine->bytes -= record->bytes;
    engine->n_open -= partitions_have(engine, record);
    record_leave_window(engine, record);
    todo_push(engine, EFFECT_FREE_RECORD, record->handle, 0);
    list_prepend(&engine->free_records, &record->link);
    memory_review(engine);
}

static uint32_t
free_deliveries(const struct engine *engine)
{
    return engine->free_deliveries.size + engine->n_deliveries - engine->fresh_deliveries;
}

/* A record as a whole goes to the dead-letter topic. */
static void
park_record(struct engine *engine, struct record *record, enum fault fault, const struct decoded *decoded)
{
    struct delivery *delivery = delivery_open(engine, record, TARGET_NONE);
    delivery->fault = fault;
    engine->stats.faults[record->source][fault]++;
    TRACE(engine, record->topic, "%d/%lld bad input %s %.*s", record->number, (long long)record->offset, fault_name(fault),
          (int)decoded->detail.size, decoded->detail.size ? decoded->detail.at : "");
    park(engine, delivery, REASON_BAD_INPUT);
}

/* The lane's key covers partition, target and order key; equal keys wait for each other. */
static uint64_t
lane_key(const struct engine *engine, const struct record *record, uint32_t target, struct slice order_key)
{
    struct siphash hash;
    uint64_t place[2] = { record->place, target };
    siphash_init64(&hash, &engine->config.hash_key);
    siphash_update(&hash, place, sizeof(place));
    siphash_update(&hash, order_key.at, order_key.size);
    uint64_t key = siphash_end64(&hash);
    return key ? key : 1;
}

static void
enter_lane(struct engine *engine, struct delivery *delivery, struct slice order_key)
{
    if (order_key.size == 0 || engine->config.targets[delivery->target].order == ORDER_NONE) {
        delivery_move(engine, delivery, DELIVERY_QUEUED);
        return;
    }
    uint64_t key = lane_key(engine, delivery->record, (uint32_t)delivery->target, order_key);
    struct lane *lane = lanes_find(&engine->lanes, key);
    if (lane && MUTATED(two_of_a_lane)) {
        delivery_move(engine, delivery, DELIVERY_QUEUED);
    } else if (lane) {
        delivery->lane = lane;
        list_append(&lane->waiting, &delivery->link);
    } else {
        delivery->lane = lanes_open(&engine->lanes, key);
        list_init(&delivery->lane->waiting);
        delivery_move(engine, delivery, DELIVERY_QUEUED);
    }
}

/* Wall clock after which it is not delivered any more: expiresAt or the target's max_age, whichever is earlier; 0 = never. */
static int64_t
expiry_ms(const struct engine *engine, const struct record *record, const struct event *event, uint32_t target)
{
    int64_t expires = 0;
    if (!event_time_ms(&event->expires_at, &expires))
        expires = 0;
    ms_t max_age = engine->config.targets[target].max_age_ms;
    int64_t born = record->view->timestamp_ms;
    if (max_age > 0 && born >= 0 && (expires == 0 || born + max_age < expires))
        expires = born + max_age;
    return expires;
}

static bool
is_replay(const struct record_view *view)
{
    for (uint32_t i = 0; i < view->n_headers; i++)
        if (slice_is(view->headers[i].name, "alertbridge-replay"))
            return true;
    return false;
}

static struct delivery *
open_for_event(struct engine *engine, struct record *record, const struct event *event, uint32_t index, int target)
{
    struct delivery *delivery = delivery_open(engine, record, target);
    delivery->index = index;
    delivery->id_size = (uint8_t)event->id.size;
    memcpy(delivery->id, event->id.at, event->id.size);
    delivery->id[event->id.size] = '\0';
    return delivery;
}

/* A message of a batch is written once, while its event is decoded anyway, and sent as it is, however often. */
static void
write_message(struct engine *engine, struct delivery *delivery, const struct event *event)
{
    const struct target_policy *policy = &engine->config.targets[delivery->target];
    struct buf *messages = engine->messages;
    delivery->bytes = 1;
    if (policy->batch_messages == 1)
        return;
    size_t at = messages ? messages->size : 0;
    if (!messages || policy->backend->message(policy->settings, event, messages) != ENCODE_OK) {
        delivery->bytes = policy->backend->weigh(policy->settings, event);
        return;
    }
    delivery->message_at = (uint32_t)at;
    delivery->message_size = (uint32_t)(messages->size - at);
    delivery->bytes = delivery->message_size;
}

static void
note_window(const struct engine *engine, struct delivery *delivery, const struct event *event, uint32_t route)
{
    const struct route *rule = &engine->config.routes[route];
    if (rule->window_ms == 0)
        return;
    struct claim_window *window = &delivery->rare->window;
    delivery->windowed = route_window(rule, event, &engine->config.hash_key, &window->hash);
    window->route = route;
    window->window_ms = MUTATED(window_too_long) ? 10 * rule->window_ms : rule->window_ms;
}

static void
deliver_to(struct engine *engine, struct record *record, const struct event *event, uint32_t index, const struct routed *routed,
           uint64_t fp)
{
    uint32_t target = (uint32_t)routed->target;
    struct delivery *delivery = open_for_event(engine, record, event, index, routed->target);
    delivery->route = routed->route;
    delivery->fp = MUTATED(fp_over_settings) ? fp ^ engine->config.targets[target].max_attempts : fp;
    note_window(engine, delivery, event, routed->route);
    delivery->replay = is_replay(record->view);
    delivery->expires_ms = expiry_ms(engine, record, event, target);
    write_message(engine, delivery, event);
    enter_lane(engine, delivery, event_order_key(event, record->view->key));
}

static void
route_one(struct engine *engine, struct record *record, const struct event *event, uint32_t index)
{
    struct routed routed[ROUTES_MAX];
    uint32_t n = route_event(engine->config.routes, engine->config.n_routes, event, record->source,
                             (struct slice){ record->topic, record->topic_size }, routed);
    if (n == 0) {
        TRACE(engine, record->topic, "%d/%lld no route for %.*s", record->number, (long long)record->offset, (int)event->id.size,
              event->id.at);
        park(engine, open_for_event(engine, record, event, index, TARGET_NONE),
             MUTATED(no_route_unreadable) ? REASON_BAD_INPUT : REASON_NO_ROUTE);
        return;
    }
    uint64_t fp = event_fingerprint(event, &engine->config.hash_key);
    for (uint32_t i = 0; i < n; i++) {
        engine->stats.routed[routed[i].route]++;
        if (routed[i].target >= 0) {
            deliver_to(engine, record, event, index, &routed[i], fp);
            continue;
        }
        struct delivery *dropped = open_for_event(engine, record, event, index, TARGET_DROP);
        dropped->route = routed[i].route;
        end_here(engine, dropped, TERMINAL_DROPPED);
    }
}

/* False when there is no room for what it holds: it waits its turn. */
static bool
expand(struct engine *engine, struct record *record)
{
    struct decoded decoded;
    const struct source_policy *source = &engine->config.sources[record->source];
    if (free_deliveries(engine) < (record->room ? record->room : 1))
        return false;
    enum fault fault = decode(engine->decoder, &source->rules, record->view, &decoded);
    record->room = fault == FAULT_NONE ? decoded.n * (engine->config.n_targets + 1) : 1;
    if (free_deliveries(engine) < record->room)
        return false;
    engine->stats.records[decoded.format]++;
    engine->stats.unknown_fields[record->source] += decoded.unknown_fields;
    if (fault != FAULT_NONE)
        park_record(engine, record, fault, &decoded);
    for (uint32_t i = 0; fault == FAULT_NONE && i < decoded.n; i++)
        route_one(engine, record, &decoded.events[i], i);
    record_finish_one(engine, record);
    return true;
}

void
intake_expand(struct engine *engine)
{
    struct node *node;
    while ((node = list_first(&engine->unexpanded))) {
        struct record *record = LIST_ENTRY(node, struct record, link);
        list_remove(&engine->unexpanded, node);
        if (!expand(engine, record)) {
            list_prepend(&engine->unexpanded, node);
            return;
        }
    }
}

static bool
is_ours(const struct engine *engine, const struct input *input)
{
    return input->record.epoch == engine->epoch && input->record.partition < engine->n_partitions && !engine->drain.active;
}

/* Kafka went back, as after a change of leader: what it gives again is in the window, or terminal and committable. */
static void
ignore_repeated(struct engine *engine, const struct partition *partition, const struct input *input)
{
    TRACE(engine, partition->topic, "%d/%lld came again, ignored", partition->number, (long long)input->record.offset);
    engine->stats.records_repeated++;
    todo_push(engine, EFFECT_FREE_RECORD, input->record.handle, 0);
}

void
intake_record(struct engine *engine, const struct input *input)
{
    if (!is_ours(engine, input)) {      /* read again by whoever gets the partition next */
        engine->stats.stale_answers++;
        todo_push(engine, EFFECT_FREE_RECORD, input->record.handle, 0);
        return;
    }
    struct partition *partition = &engine->partitions[input->record.partition];
    if (!window_expects(&partition->window, input->record.offset)) {
        ignore_repeated(engine, partition, input);
        return;
    }
    struct record *record = record_open(engine);
    check(record != NULL && !window_is_full(&partition->window));
    record->view = input->record.view;
    record->handle = input->record.handle;
    record->partition = input->record.partition;
    record->epoch = input->record.epoch;
    record->bytes = input->record.bytes;
    record->source = partition->source;
    record->offset = input->record.offset;
    record->number = partition->number;
    record->place = partition->place;
    record->abandoned = record->left = false;
    record->room = 0;
    record->open = 1;
    record->topic = partition->topic;
    record->topic_size = partition->topic_size;
    record->window_slot = window_receive(&partition->window, record->offset, engine->now_ms);
    engine->bytes += record->bytes;
    engine->n_open++;
    partition_received(engine, partition);
    engine->messages = input->record.messages;
    if (list_first(&engine->unexpanded) || !expand(engine, record))
        list_append(&engine->unexpanded, &record->link);
    engine->messages = NULL;
}
