/* check_connect.h: check --connect: facts from outside are gathered by probes, and judged here without I/O. */
#ifndef BRIDGE_CMD_CHECK_CONNECT_H
#define BRIDGE_CMD_CHECK_CONNECT_H

#include "bridge/cmd/finding.h"
#include "bridge/config.h"
#include "bridge/io/kafka_probe.h"
#include "bridge/io/redis_probe.h"
#include "bridge/worker/inquiry.h"

/* Kafka, Redis, all backends; prints text or JSON and returns the exit code. Ends in about 30 s at most, sends no event. */
int check_connect(struct cmd_context *, const struct config *, const struct config_report *);

/* Facts to findings; pure. */
void judge_kafka(struct findings *, const struct config *, const struct kafka_probe *);
void judge_dead_letters(struct findings *, const struct config *, const struct kafka_probe *);     /* part of judge_kafka */
void judge_retention(struct findings *, const struct config *, const struct kafka_probe *);        /* likewise */

enum group_past group_past_of(const struct kafka_probe *);          /* for judge_redis: what an empty Redis means */
void judge_redis(struct findings *, const struct config *, const struct redis_probe *, enum group_past);
void judge_redis_memory(struct findings *);         /* redis.url: memory: */

void judge_backend(struct findings *, const struct config *, uint32_t target, const struct inquiry *);

#endif
