/* coordinator.c: members come and go, generations follow one another. */
#include "tests/sim/coordinator.h"

#include "codecs/check.h"

struct group_member *
coordinator_member(struct coordinator *coordinator, uint32_t life)
{
    for (uint32_t i = 0; i < coordinator->n; i++)
        if (coordinator->members[i].life == life)
            return &coordinator->members[i];
    return NULL;
}

void
coordinator_join(struct coordinator *coordinator, uint32_t number, uint32_t life, ms_t now_ms)
{
    check(coordinator->n < MEMBERS_MAX);
    coordinator->members[coordinator->n++] = (struct group_member){ .number = number, .life = life, .heard_ms = now_ms };
}

void
coordinator_rejoin(struct group_member *member)
{
    member->state = MEMBER_JOINING;
    member->generation = 0;
}

void
coordinator_leave(struct coordinator *coordinator, struct group_member *member)
{
    *member = coordinator->members[--coordinator->n];
}

void
coordinator_prepare(struct coordinator *coordinator, ms_t join_by_ms)
{
    if (!coordinator->preparing)
        coordinator->join_by_ms = join_by_ms;
    coordinator->preparing = true;
    for (uint32_t i = 0; i < coordinator->n; i++)
        if (coordinator->members[i].state == MEMBER_STABLE)
            coordinator->members[i].state = MEMBER_ASKED;
}

/* ---- generations --------------------------------------------------------------------------------------------------------- */

static void
give_out(struct coordinator *coordinator, uint32_t n_partitions)
{
    uint32_t next = 0;
    coordinator->generation++;
    coordinator->preparing = false;
    for (uint32_t i = 0; i < coordinator->n; i++) {
        struct group_member *member = &coordinator->members[i];
        uint32_t share = n_partitions / coordinator->n + (i < n_partitions % coordinator->n);
        member->n = 0;
        for (uint32_t j = 0; j < share; j++)
            member->partitions[member->n++] = next++;
        member->generation = coordinator->generation;
        member->state = MEMBER_STABLE;
    }
}

bool
coordinator_review(struct coordinator *coordinator, uint32_t n_partitions, ms_t now_ms)
{
    if (!coordinator->preparing)
        return false;
    if (now_ms >= coordinator->join_by_ms)
        for (uint32_t i = coordinator->n; i-- > 0;)
            if (coordinator->members[i].state != MEMBER_JOINING)
                coordinator_leave(coordinator, &coordinator->members[i]);
    for (uint32_t i = 0; i < coordinator->n; i++)
        if (coordinator->members[i].state != MEMBER_JOINING)
            return false;
    give_out(coordinator, n_partitions);
    return coordinator->n > 0;
}

bool
coordinator_looks(struct coordinator *coordinator, ms_t session_ms, ms_t now_ms)
{
    bool any = false;
    for (uint32_t i = coordinator->n; i-- > 0;) {
        if (now_ms - coordinator->members[i].heard_ms <= session_ms)
            continue;
        coordinator_leave(coordinator, &coordinator->members[i]);
        any = true;
    }
    return any;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------- */

/* During a rebalance the old generation may still commit; whoever was put out may not. */
enum coordinator_answer
coordinator_commit(struct coordinator *coordinator, uint32_t life, uint32_t generation)
{
    if (!coordinator_member(coordinator, life))
        return COORDINATOR_UNKNOWN_MEMBER;
    return generation == coordinator->generation ? COORDINATOR_OK : COORDINATOR_ILLEGAL_GENERATION;
}

enum coordinator_answer
coordinator_heartbeat(struct coordinator *coordinator, uint32_t life, uint32_t generation, ms_t now_ms)
{
    struct group_member *member = coordinator_member(coordinator, life);
    if (!member)
        return COORDINATOR_UNKNOWN_MEMBER;
    if (generation != coordinator->generation)
        return COORDINATOR_ILLEGAL_GENERATION;
    member->heard_ms = now_ms;
    return coordinator->preparing ? COORDINATOR_REBALANCE : COORDINATOR_OK;
}
