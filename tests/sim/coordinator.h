/* coordinator.h: the coordinator of a consumer group by itself: members, generations, who may commit (eager protocol, KIP-62
 * timeouts). Pure: the time is handed in. What it answers is held against a real Kafka by tests/wire/test_kafka_group.c. */
#ifndef TESTS_SIM_COORDINATOR_H
#define TESTS_SIM_COORDINATOR_H

#include "bridge/core/types.h"

#include <stdbool.h>

enum { MEMBERS_MAX = 64, MEMBER_PARTITIONS_MAX = 8 };

enum member_state {
    MEMBER_JOINING,     /* has asked to join; waits for the next generation */
    MEMBER_STABLE,      /* has been given its partitions, or will hear of them */
    MEMBER_ASKED,       /* is to give them back */
};

struct group_member {
    uint32_t number, life;          /* which process */
    enum member_state state;
    ms_t heard_ms;
    uint32_t generation;            /* of what it was given; 0 = nothing */
    uint32_t partitions[MEMBER_PARTITIONS_MAX], n;
};

struct coordinator {
    struct group_member members[MEMBERS_MAX];
    uint32_t n;
    uint32_t generation;
    bool preparing;                 /* a rebalance: waits until all have joined, or the time for it is over */
    ms_t join_by_ms;
};

enum coordinator_answer { COORDINATOR_OK, COORDINATOR_ILLEGAL_GENERATION, COORDINATOR_UNKNOWN_MEMBER, COORDINATOR_REBALANCE };

struct group_member *coordinator_member(struct coordinator *, uint32_t life);

/* A new member, or one that has given back what it had. Then, and when somebody left, prepare and review. */
void coordinator_join(struct coordinator *, uint32_t number, uint32_t life, ms_t now_ms);
void coordinator_rejoin(struct group_member *);
void coordinator_leave(struct coordinator *, struct group_member *);
void coordinator_prepare(struct coordinator *, ms_t join_by_ms);
bool coordinator_review(struct coordinator *, uint32_t n_partitions, ms_t now_ms);     /* true: a new generation, by range */
                                                /* (one of nobody is counted too, and told to nobody) */

/* Puts out who was silent for a session; true: there was somebody. */
bool coordinator_looks(struct coordinator *, ms_t session_ms, ms_t now_ms);

enum coordinator_answer coordinator_heartbeat(struct coordinator *, uint32_t life, uint32_t generation, ms_t now_ms);
enum coordinator_answer coordinator_commit(struct coordinator *, uint32_t life, uint32_t generation);

#endif
