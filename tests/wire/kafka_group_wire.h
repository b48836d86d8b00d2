/* kafka_group_wire.h: a member of a consumer group in Kafka's own protocol, byte by byte: no client library decides what is sent
 * when, so that a test may do what no good client would. https://kafka.apache.org/protocol */
#ifndef TESTS_WIRE_KAFKA_GROUP_WIRE_H
#define TESTS_WIRE_KAFKA_GROUP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* https://kafka.apache.org/protocol#protocol_error_codes */
enum { KAFKA_NONE = 0, KAFKA_ILLEGAL_GENERATION = 22, KAFKA_UNKNOWN_MEMBER = 25, KAFKA_REBALANCE = 27 };

struct wire_member {
    const char *group;
    int joins, asks;                /* connections: one is blocked by a join that waits, the other never is */
    char id[128];                   /* "" until the first join is answered */
    int32_t generation;
    bool joining, leads;
    int session_ms, rebalance_ms;
};

void wire_find_coordinator(const char *group);              /* until it answers */
void wire_open(struct wire_member *);                       /* group and times are set */
void wire_close(struct wire_member *);                      /* says nothing to the group */

void wire_join(struct wire_member *);                       /* asks; the answer waits for the others */
bool wire_joined(struct wire_member *, int within_ms, int *error);      /* false: not answered */
int wire_sync(struct wire_member *);                        /* the leader gives out nothing, which ends the rebalance */
int wire_heartbeat(struct wire_member *, int32_t generation);
int wire_commit(struct wire_member *, int32_t generation, const char *topic, int64_t offset);
int wire_leave(struct wire_member *);
uint32_t wire_members(struct wire_member *);               /* of its group, those that wait included */

#endif
