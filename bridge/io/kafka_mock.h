/* kafka_mock.h: librdkafka's mock cluster in this process, for the demo: real clients, real sockets, brokers that forget.
 *
 * A partition keeps about 5 MiB or 100,000 records and drops the oldest. Reading is blocking: never on the worker's loop. */
#ifndef BRIDGE_IO_KAFKA_MOCK_H
#define BRIDGE_IO_KAFKA_MOCK_H

#include "bridge/core/types.h"
#include "codecs/decode.h"

struct kafka_mock;

struct kafka_mock *kafka_mock_new(char *error, size_t error_size);      /* NULL: `error` says why */
void kafka_mock_free(struct kafka_mock *);
bool kafka_mock_topic(struct kafka_mock *, const char *name, int partitions);   /* false: it is there already, or refused */
const char *kafka_mock_brokers(const struct kafka_mock *);      /* "127.0.0.1:34567" */

/* Reads all of a topic, partition by partition as it comes. False when its end is not reached within the bound. */
bool kafka_mock_read(struct kafka_mock *, const char *topic, int partitions, ms_t bound_ms,
                     void (*record)(void *owner, const struct record_view *), void *owner);

/* The sum of a group's committed offsets over the partitions of a topic; -1 when they cannot be had. */
int64_t kafka_mock_committed(struct kafka_mock *, const char *group, const char *topic, int partitions, ms_t bound_ms);

#endif
