/* kafka_sender.h: writes records to one topic as fast as the broker takes them; it blocks, so never on the worker's loop.
 *
 * For `produce`, the demo, benches and tests. acks=all, idempotent. */
#ifndef BRIDGE_IO_KAFKA_SENDER_H
#define BRIDGE_IO_KAFKA_SENDER_H

#include "bridge/io/kafka.h"

struct kafka_sender;

struct kafka_sender_config {
    const char *brokers, *topic;
    const struct kafka_property *properties;    /* the user's; may override anything but the brokers */
    uint32_t n_properties;
    uint32_t linger_ms;
};

struct kafka_sender_result {
    uint64_t written, failed;
    char error[256];        /* the first failure's; "" = none */
};

/* NULL with `error` when a property is refused. Brokers may be away. */
struct kafka_sender *kafka_sender_new(const struct kafka_sender_config *, char *error, size_t error_size);

/* Copies the record; waits while the queue is full. `partition` -1 = by the key. False: the record itself cannot be sent
 * (counted as failed). */
bool kafka_sender_put(struct kafka_sender *, const struct record_view *, int32_t partition);

/* Waits until all is written or has failed, at most `bound_ms`; what is left then counts as failed. */
void kafka_sender_finish(struct kafka_sender *, ms_t bound_ms, struct kafka_sender_result *);
void kafka_sender_free(struct kafka_sender *);

#endif
