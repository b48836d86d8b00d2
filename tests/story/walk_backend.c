/* walk_backend.c: calls that are carried out or not, whatever their answer says; dead letters; credentials. */
#include "tests/story/walk.h"

static ms_t
call_time(struct walk *walk, uint32_t target)
{
    ms_t most = walk->config.targets[target].call_timeout_ms;
    if (!walk->faults)
        return 1 + walk_draw(walk, 20);
    return 1 + walk_draw(walk, walk_draw(walk, 4) ? (uint32_t)most / 10 + 1 : (uint32_t)most);
}

static enum outcome
draw_outcome(struct walk *walk, uint32_t target)
{
    if (walk->faults && walk->odds.call_fails > 100 && (walk->now / 7000 + target) % 4 == 3)
        return walk_draw(walk, 3) ? OUTCOME_NOT_SENT : OUTCOME_NOT_EXECUTED;       /* an outage */
    if (walk_chance(walk, walk->odds.throttles))
        return OUTCOME_THROTTLED;
    if (walk->faults && walk->odds.call_fails > 100 && (walk->now / 5000 + target) % 6 == 5)
        return OUTCOME_REJECTED;                    /* a bad deploy */
    if (!walk_chance(walk, walk->odds.call_fails))
        return OUTCOME_DELIVERED;
    return (enum outcome)walk_draw(walk, OUTCOME_COUNT);
}

static int
status_of(struct walk *walk, enum outcome outcome)
{
    static const int statuses[OUTCOME_COUNT] = { 200, 0, 503, 429, 500, 200, 413, 403, 404 };
    if (outcome == OUTCOME_IN_DOUBT && walk_draw(walk, 2))
        return 0;
    if (outcome == OUTCOME_NOT_EXECUTED && walk_draw(walk, 2))
        return 425;
    return statuses[outcome];
}

static void
execute(struct walk *walk, const struct answer *answer)
{
    const struct target_policy *policy = &walk->config.targets[answer->target];
    for (uint32_t i = 0; i < answer->n_members; i++) {
        struct key *key = store_key(walk, walk->items[answer->members[i]].id, answer->target);
        rules_at_execution(walk, walk->items[answer->members[i]].id, answer->target);
        if (key->executed++ > 0 && policy->on_ambiguous == AMBIGUOUS_HOLD)
            walk_fail(walk, "e%u was carried out twice by %s under hold", walk->items[answer->members[i]].id, policy->name);
    }
}

static void
read_members(struct walk *walk, const struct effect *effect, struct answer *answer)
{
    struct call_member member;
    answer->n_members = effect->call.n;
    answer->target = effect->call.target;
    if (effect->call.n == 0 || effect->call.n > walk->config.targets[answer->target].batch_messages) {
        walk_fail(walk, "a call of %u", effect->call.n);
        answer->n_members = 0;
        return;
    }
    for (uint32_t i = 0; i < effect->call.n; i++) {
        engine_call_member(walk->engine, effect->call.tag, i, &member);
        if (walk->handles[member.handle].freed)
            walk_fail(walk, "a call of a record that was given back");
        bool over = walk->handles[member.handle].epoch != walk->epoch || walk->group != GROUP_READING || walk->shutdown_by_ms > 0;
        if (over && walk->turn == 1)
            walk_fail(walk, "a call begins for an assignment that is over or ends");
        answer->epoch = walk->handles[member.handle].epoch;
        answer->members[i] = walk->records[walk->handles[member.handle].record].first_item + member.index;
    }
}

/* Whoever begins as late as he may still ends before another owner may take over. */
static void
ends_within_lease(struct walk *walk, const struct answer *answer, ms_t not_after_ms)
{
    const struct target_policy *policy = &walk->config.targets[answer->target];
    for (uint32_t i = 0; i < answer->n_members; i++) {
        const struct key *key = store_key(walk, walk->items[answer->members[i]].id, answer->target);
        bool ours = key->value.state == CLAIM_STATE_CLAIMED && key->value.owner == walk->config.owner;
        if (ours && not_after_ms + policy->call_timeout_ms > key->written_ms + policy->claim_lease_ms)
            walk_fail(walk, "e%u may be called beyond its lease", walk->items[answer->members[i]].id);
    }
}

void
backend_calls(struct walk *walk, const struct effect *effect)
{
    struct answer answer = { .input.kind = INPUT_CALLED };
    struct verdict *verdict = &answer.input.called.verdict;
    read_members(walk, effect, &answer);
    answer.input.called.tag = effect->call.tag;
    if (++walk->calls[answer.target] > walk->config.targets[answer.target].concurrency)
        walk_fail(walk, "%u calls at once", walk->calls[answer.target]);
    rules_at_call(walk, answer.target, answer.members, answer.n_members);
    if (walk->now > effect->call.not_after_ms) {
        verdict->outcome = OUTCOME_NOT_SENT;        /* the adapter's check right before the request */
        walk_later(walk, 0, &answer);
        return;
    }
    ends_within_lease(walk, &answer, effect->call.not_after_ms);
    if (walk_chance(walk, walk->odds.call_fails / 10)) {
        verdict->outcome = walk_draw(walk, 2) ? OUTCOME_TOO_LARGE : OUTCOME_REJECTED;
        walk_later(walk, 0, &answer);
        return;
    }
    verdict->outcome = draw_outcome(walk, answer.target);
    verdict->status = status_of(walk, verdict->outcome);
    if (verdict->outcome == OUTCOME_THROTTLED || walk_chance(walk, 50))
        verdict->retry_after_ms = walk_draw(walk, 3) ? walk_draw(walk, 5000) : 0;
    if (verdict->outcome == OUTCOME_DELIVERED || (verdict->outcome == OUTCOME_IN_DOUBT && walk_draw(walk, 2)))
        execute(walk, &answer);
    walk_later(walk, call_time(walk, answer.target), &answer);
}

/* An answer of an earlier assignment may come late. */
static void
raise_to(uint32_t *epoch, uint32_t of_answer)
{
    *epoch = of_answer > *epoch ? of_answer : *epoch;
}

void
backend_answered(struct walk *walk, const struct answer *answer)
{
    walk->calls[answer->target]--;
    if (answer->input.called.verdict.outcome != OUTCOME_DELIVERED)
        return;
    for (uint32_t i = 0; i < answer->n_members; i++)
        raise_to(&walk->items[answer->members[i]].fates[answer->target].acked_epoch, answer->epoch);
}

void
backend_parks(struct walk *walk, const struct effect *effect)
{
    struct answer answer = { .input.kind = INPUT_PARKED };
    uint32_t record = walk->handles[effect->park.handle].record;
    if (walk->handles[effect->park.handle].freed)
        walk_fail(walk, "a dead letter of a record that was given back");
    answer.input.parked.tag = effect->park.tag;
    answer.input.parked.ok = !walk_chance(walk, walk->odds.park_fails);
    answer.epoch = walk->handles[effect->park.handle].epoch;
    answer.whole = walk->records[record].n_items == 0;
    answer.target = effect->park.target >= 0 ? (uint32_t)effect->park.target : WALK_TARGETS;
    answer.what = answer.whole ? record : walk->records[record].first_item + effect->park.index;
    walk_later(walk, walk_draw(walk, walk->faults && walk->odds.park_fails ? 2500 : 5), &answer);
}

void
backend_parked(struct walk *walk, const struct answer *answer)
{
    if (!answer->input.parked.ok)
        return;
    struct fate *fate = answer->whole ? &walk->records[answer->what].fate : &walk->items[answer->what].fates[answer->target];
    raise_to(&fate->parked_epoch, answer->epoch);
}

void
backend_credential(struct walk *walk, const struct effect *effect)
{
    struct answer answer = { .input.kind = INPUT_CREDENTIAL };
    answer.input.credential.target = effect->credential.target;
    answer.input.credential.ok = !walk_chance(walk, walk->odds.credential_fails);
    answer.input.credential.refused = !answer.input.credential.ok && walk_draw(walk, 2);
    answer.input.credential.expires_at_ms = walk_draw(walk, 2) ? MS_NEVER : walk->now + 5000 + walk_draw(walk, 100000);
    walk_later(walk, 1 + walk_draw(walk, 200), &answer);
}

void
backend_rotates(struct walk *walk)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    input.credential.target = walk_draw(walk, WALK_TARGETS);
    input.credential.ok = true;
    input.credential.rotated = true;
    input.credential.expires_at_ms = walk_draw(walk, 2) ? MS_NEVER : walk->now + 60000;
    walk_feed(walk, &input);
}
