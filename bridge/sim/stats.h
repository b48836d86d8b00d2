/* stats.h: what the simulators counted: requests, replies and codes by API, batches, second executions, content conflicts. */
#ifndef BRIDGE_SIM_STATS_H
#define BRIDGE_SIM_STATS_H

#include "bridge/sim/api.h"
#include "codecs/buf.h"

#include <stdint.h>

enum { STATS_CODES_MAX = 64, STATS_CODE_BYTES = 48, STATS_BATCH_MAX = 100, STATS_STATUS_MAX = 600 };

struct stats_code {
    enum sim_api api;
    char code[STATS_CODE_BYTES];
    uint64_t count;
};

struct stats {
    uint64_t requests[API_COUNT];           /* that were whole */
    uint64_t unanswered[API_COUNT];         /* ended by a fault without a reply */
    uint64_t executed[API_COUNT];           /* requests that carried something out */
    uint64_t statuses[API_COUNT][STATS_STATUS_MAX];
    struct stats_code codes[STATS_CODES_MAX];
    uint32_t n_codes;
    uint64_t codes_dropped;
    uint64_t batches[STATS_BATCH_MAX + 2];  /* produce calls by messages; the last one: above 100 */
    uint64_t distinct[API_COUNT];           /* ids executed */
    uint64_t repeated[API_COUNT];           /* SOAR: executions after the first; portal: a known id sent again */
    uint64_t content_conflicts;             /* portal: a known id with other content */
    uint64_t filtered_users;                /* portal: users who had it already, or do not exist */
    uint64_t shown;                         /* portal: (message, user) pairs delivered */
    uint64_t doubled_in_batch;              /* portal: one id twice in a call */
    uint64_t refused_at_accept;
};

void stats_code(struct stats *, enum sim_api, struct slice code);   /* an error code that was answered */
void stats_batch(struct stats *, uint32_t messages);
void stats_json(const struct stats *, struct buf *);                /* members without the braces */

#endif
