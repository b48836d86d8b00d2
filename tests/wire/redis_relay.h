/* redis_relay.h: stands between a store and a real redis-server, passes commands on one by one, and spoils the answer to some. */
#ifndef TESTS_WIRE_REDIS_RELAY_H
#define TESTS_WIRE_REDIS_RELAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum relay_act {
    RELAY_PASS,
    RELAY_INSTEAD,      /* not passed on, answered by `text`, raw RESP */
    RELAY_REPLACE,      /* carried out, but answered by `text` */
    RELAY_HALF,         /* carried out, half the answer, then a reset */
    RELAY_LOSE,         /* carried out, no answer, then a reset */
    RELAY_CUT,          /* not passed on, a reset */
    RELAY_KEEP,         /* likewise, and kept: the next one of them takes its place */
};

struct relay_rule;

struct redis_relay {
    pid_t pid;
    uint16_t port;
    struct relay_rule *rule;    /* shared with its process */
};

void relay_start(struct redis_relay *, uint16_t server_port);
void relay_stop(struct redis_relay *);

/* For the next `times` commands that begin with `words`, or with ~ in front hold them. Not while commands are under way. */
void relay_set(struct redis_relay *, enum relay_act, const char *words, const char *text, uint32_t times);
uint32_t relay_hits(const struct redis_relay *);
const char *relay_kept(const struct redis_relay *, size_t *size);      /* the command, raw RESP */

#endif
