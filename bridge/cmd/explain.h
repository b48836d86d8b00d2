/* explain.h: what the files of `alertbridge explain` share. The functions that decide are the worker's own. */
#ifndef BRIDGE_CMD_EXPLAIN_H
#define BRIDGE_CMD_EXPLAIN_H

#include "bridge/cmd/cmd.h"
#include "bridge/cmd/explain_out.h"
#include "bridge/config.h"
#include "bridge/core/engine.h"

/* One record, and what stands around it. Texts are borrowed. */
struct explain {
    const struct config *config;
    struct engine_config settings;
    struct crypto *crypto;
    struct decoder *decoder;
    uint32_t source;
    const char *topic;
    struct header headers[HEADERS_MAX];
    struct record_view record;
    int64_t wall_ms;
    struct decoded decoded;
};

/* explain_input.c: which source takes a topic, as the consumer decides it; false = none. */
bool explain_source_of(const struct config *, const char *topic, uint32_t *source);
/* The whole of a file, or of stdin for "-"; ends with a NUL that is not counted. NULL with errno. */
char *explain_read(const char *path, size_t *size);

/* explain_route.c: why a route does not match: its first test that fails, in the order in which they are asked. Nothing when it
 * does. */
void explain_refusal(const struct route *, const struct explain *, const struct event *, struct buf *why);
void explain_routes(struct outline *, const struct explain *, const struct event *);

/* explain_event.c */
void explain_record(struct outline *, struct explain *);

/* explain_request.c: the calls that the record's events make, batched as a target that is idle would. */
void explain_requests(struct outline *, struct explain *);

#endif
