/* call.c: one CALL effect becomes a signed request: members are read once more from their records,
 * encoded, signed with what is fresh. */
#include "bridge/worker/parts.h"

#include "bridge/io/clock.h"

/* Members of one record come one after the other: it is decoded once for all of them. */
static const struct event *
member_event(struct worker *worker, const struct call_member *member)
{
    if (worker->decoded_handle != member->handle) {
        const struct decode_rules *rules = &worker->settings->sources[member->source].rules;
        worker->decoded_handle = UINT32_MAX;
        if (decode(worker->encode_decoder, rules, slab_view(worker->slab, member->handle), &worker->decoded) != FAULT_NONE)
            return NULL;
        worker->decoded_handle = member->handle;
    }
    return member->index < worker->decoded.n ? &worker->decoded.events[member->index] : NULL;
}

static enum encode_result
add_member(struct worker *worker, const struct target_policy *policy, const struct call_member *member, struct request *request)
{
    if (member->message_size > 0) {
        struct slice messages = slab_view(worker->slab, worker->messages_of[member->handle])->value;
        return policy->backend->add_message((struct slice){ messages.at + member->message_at, member->message_size }, request);
    }
    const struct event *event = member_event(worker, member);
    return event ? policy->backend->add(policy->settings, event, request) : ENCODE_REFUSED;
}

static enum encode_result
encode(struct worker *worker, const struct effect *effect, struct request *request)
{
    const struct target_policy *policy = &worker->settings->targets[effect->call.target];
    policy->backend->begin(policy->settings, request);
    for (uint32_t i = 0; i < effect->call.n; i++) {
        struct call_member member;
        engine_call_member(worker->engine, effect->call.tag, i, &member);
        enum encode_result result = add_member(worker, policy, &member, request);
        if (result != ENCODE_OK)
            return result;
    }
    policy->backend->end(policy->settings, request);
    return request_is_whole(request) ? ENCODE_OK : ENCODE_FULL;
}

static void
sign(struct worker *worker, uint32_t target, struct request *request)
{
    const struct target_policy *policy = &worker->settings->targets[target];
    struct credential credential;
    struct stamp stamp = { .wall_ms = clock_wall_ms() };
    credentials_view(&worker->holders[target], &credential);
    entropy_nonce(stamp.nonce);
    policy->backend->sign(policy->settings, &credential, &stamp, worker->crypto, request);
}

/* No call was made: it cannot be built, and the engine is told why at once. */
static void
answer_unbuilt(struct worker *worker, const struct effect *effect, enum encode_result result)
{
    struct input input = { .kind = INPUT_CALLED };
    input.called.tag = effect->call.tag;
    input.called.verdict.outcome = result == ENCODE_FULL ? OUTCOME_TOO_LARGE : OUTCOME_REJECTED;
    verdict_text(input.called.verdict.code, sizeof(input.called.verdict.code), SLICE("encode"));
    worker_feed(worker, &input);
}

/* `demo --drop-every`: an acknowledgement is made up, so that the ledger has something to find. */
static bool
dropped_on_purpose(struct worker *worker, const struct effect *effect)
{
    struct input input = { .kind = INPUT_CALLED };
    if (worker->options.drop_every == 0 || ++worker->calls_made % worker->options.drop_every != 0)
        return false;
    input.called.tag = effect->call.tag;
    input.called.verdict.outcome = OUTCOME_DELIVERED;
    worker_feed(worker, &input);
    return true;
}

void
perform_call(struct worker *worker, const struct effect *effect)
{
    uint32_t slot;
    if (dropped_on_purpose(worker, effect))
        return;
    struct request *request = http_request(worker->http, &slot);
    check(request != NULL);             /* the engine's limits add up to the slots */
    int64_t start_us = clock_now_us();
    enum encode_result result = encode(worker, effect, request);
    if (result != ENCODE_OK) {
        http_drop(worker->http, slot);
        answer_unbuilt(worker, effect, result);
        return;
    }
    sign(worker, effect->call.target, request);
    histogram_add(&worker->timing.encode, BUCKETS_CALL, (double)(clock_now_us() - start_us) / 1e6);
    histogram_add(&worker->timing.batch[effect->call.target], BUCKETS_COUNT_LIKE, (double)effect->call.n);
    http_send(worker->http, slot, &worker->endpoints[effect->call.target], effect->call.tag, effect->call.not_after_ms);
}
