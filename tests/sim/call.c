/* call.c: the members of a call, read once more from their records or from what was written at intake, as one signed request. */
#include "tests/sim/cluster.h"
#include "tests/sim/gateway.h"

static enum encode_result
add(struct world *world, struct worker *worker, const struct target_policy *policy, const struct call_member *member,
    struct request *request)
{
    const struct held *held = &worker->held[member->handle];
    if (!held->used)
        world_fail(world, "a call of a record that was given back");
    if (member->message_size > 0)
        return policy->backend->add_message((struct slice){ held->messages + member->message_at, member->message_size }, request);
    struct decoded decoded;
    if (decode(worker->encode_decoder, &world->config.sources[0].rules, &held->view, &decoded) != FAULT_NONE ||
        member->index >= decoded.n)
        return ENCODE_REFUSED;
    return policy->backend->add(policy->settings, &decoded.events[member->index], request);
}

bool
worker_encode(struct world *world, struct worker *worker, const struct effect *effect, struct request *request)
{
    const struct target_policy *policy = &world->config.targets[effect->call.target];
    policy->backend->begin(policy->settings, request);
    for (uint32_t i = 0; i < effect->call.n; i++) {
        struct call_member member;
        engine_call_member(worker->engine, effect->call.tag, i, &member);
        if (add(world, worker, policy, &member, request) != ENCODE_OK)
            return false;
    }
    policy->backend->end(policy->settings, request);
    return request_is_whole(request);
}
