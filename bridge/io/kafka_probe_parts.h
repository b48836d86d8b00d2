/* kafka_probe_parts.h: what the files of the probe share; for nobody else. */
#ifndef BRIDGE_IO_KAFKA_PROBE_PARTS_H
#define BRIDGE_IO_KAFKA_PROBE_PARTS_H

#include "bridge/io/kafka_parts.h"
#include "bridge/io/kafka_probe.h"

struct prober {
    struct kafka_probe *found;
    struct rd_kafka_s *client;
    ms_t until_ms;
};

int probe_left_ms(const struct prober *);       /* of the time; at least 1 */
enum probe_sight probe_sight_of(int error);     /* of librdkafka's codes */
void probe_why(char why[PROBE_WHY_BYTES], const char *what, int error);

/* kafka_probe_settings.c: retention and the like of all topics that were seen. */
void probe_settings(struct prober *);

/* kafka_probe_offsets.c: what the group has committed, against what the logs hold. */
void probe_offsets(struct prober *);

#endif
