/* worker.h: the joint of engine and adapters: one switch from effects to adapter calls, one set of
 * callbacks from answers to inputs.
 *
 * A worker lives on the caller's event loop. `run` has one in the process; `demo` has one beside simulators and a mock broker. */
#ifndef BRIDGE_WORKER_WORKER_H
#define BRIDGE_WORKER_WORKER_H

#include "bridge/config.h"
#include "bridge/core/engine.h"
#include "codecs/crypto.h"

struct event_base;
struct worker;

struct worker_options {
    /* All is over: the group is left, or the bound passed. code: an exit code of bridge/cmd/cmd.h. */
    void (*stopped)(void *owner, int code);
    void *owner;
    /* Test aid of `demo --drop-every N`: each N-th call is claimed delivered without being made, to show that the ledger
     * notices. 0 = off. */
    uint32_t drop_every;
};

/* Takes all memory, reads the secrets, connects. Kafka, Redis and backends may be away. NULL with `error` and `*code` (69,
 * 71, 78) when it cannot start. */
struct worker *worker_new(const struct config *, struct event_base *, const struct worker_options *, int *code, char *error,
                          size_t error_size);

/* Seconds after which the process has ended, whatever it is stuck in. */
enum { WORKER_GONE_S = 4 };                     /* after a second SIGTERM */
unsigned worker_gone_s(const struct config *);  /* after the first */

/* Begins to leave: as after SIGTERM. A second call leaves at once, exit 75. */
void worker_drain(struct worker *);

/* Frees what can be freed without blocking. After `stopped` only. */
void worker_free(struct worker *);

const struct engine_stats *worker_stats(struct worker *);
uint32_t worker_partitions(struct worker *, struct partition_stats *out, uint32_t capacity);

/* Memory that a configuration will take, in bytes: pools, slab, reply buffers. Pages are touched as they are used. */
size_t worker_memory(const struct config *);

/* For `explain` as well: the engine's view of a configuration, and the key of its hashes. The result
 * borrows from the configuration. */
void worker_engine_config(const struct config *, struct engine_config *);
void worker_hash_key(struct crypto *, const char *prefix, struct sipkey *);

#endif
