/* ledger.h: what the backends carried out, in order: one entry for each SOAR send, and for each (message, user) of the portal.
 *
 * Tests compare it with what was produced. Entries beyond the limit are counted and handed to the listener, but not kept. */
#ifndef BRIDGE_SIM_LEDGER_H
#define BRIDGE_SIM_LEDGER_H

#include "bridge/sim/api.h"
#include "bridge/sim/table.h"
#include "codecs/buf.h"

#include <stdint.h>

/* One execution. Texts are copied by ledger_add; absent ones are left out of the JSON. */
struct execution {
    enum sim_api api;
    int64_t wall_ms;
    uint32_t attempt;           /* 1 = first execution of this id (portal: for this user), 2 = a second one */
    uint32_t users;             /* portal: how many users it was shown to now */
    struct hash128 content;     /* of (Aliuid, EventId, Params), or of the message's content fields */
    struct slice id;            /* portal: messageId; SOAR: subject:EventId:content, for SOAR itself has no id */
    struct slice subject;       /* SOAR: incidentID, else alertID, of Params */
    struct slice name;          /* SOAR: incidentName, else alertName; portal: the title that was sent first */
    struct slice scope;         /* portal: orgId; SOAR: EventId */
    struct slice user;          /* portal: the user, "*" = all of the organization; SOAR: Aliuid */
    struct slice nonce;         /* SOAR: the nonce; portal: the signature, which is as good */
    struct slice params;        /* SOAR: Params as received */
};

struct ledger;

struct ledger *ledger_new(uint64_t entries_max);
void ledger_free(struct ledger *);
void ledger_clear(struct ledger *);
void ledger_limit(struct ledger *, uint64_t entries_max);

void ledger_add(struct ledger *, const struct execution *);
uint64_t ledger_count(const struct ledger *);                           /* all executions, kept or not */
const struct execution *ledger_at(const struct ledger *, uint64_t i);   /* NULL behind the last that is kept */

/* Called with each execution as it is added; its texts are good for the call. */
void ledger_listen(struct ledger *, void (*heard)(void *owner, const struct execution *), void *owner);

void execution_json(const struct execution *, struct buf *);            /* one object, no newline */

#endif
