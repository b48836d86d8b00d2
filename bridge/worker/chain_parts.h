/* chain_parts.h: the inside of the credential chain, for its own files only. */
#ifndef BRIDGE_WORKER_CHAIN_PARTS_H
#define BRIDGE_WORKER_CHAIN_PARTS_H

#include "bridge/worker/chain.h"

#include <string.h>

static inline const char *
chain_value(const struct chain *chain, enum chain_variable variable)
{
    const char *value = chain->environment.values[variable];
    return value ? value : "";
}

static inline bool
chain_is_true(const struct chain *chain, enum chain_variable variable)
{
    return strcmp(chain_value(chain, variable), "true") == 0;
}

/* chain.c: how a round ends. */
void chain_had(struct chain *, struct chain_keys *, int64_t wall_ms);   /* takes and wipes them */
void chain_end(struct chain *, enum chain_result, const char *format, ...) __attribute__((format(printf, 3, 4)));
void chain_pass(struct chain *, const char *why);       /* not set up: the next one, unless this one worked before */

/* chain_service.c: roles and services. */
void chain_assume(struct chain *);                      /* chain->role is filled */
void chain_metadata(struct chain *, const char *role_name);
void chain_uri(struct chain *);

/* The lasting copy of an origin; NULL when there were too many different ones. */
const char *chain_origin(struct chain *, const char *origin);

#endif
