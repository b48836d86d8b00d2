/* target.h: one configured backend: what waits for it, what is under way, and whether it may be called now. */
#ifndef BRIDGE_CORE_TARGET_H
#define BRIDGE_CORE_TARGET_H

#include "bridge/core/batch.h"
#include "bridge/core/concurrency.h"
#include "bridge/core/queue.h"
#include "bridge/core/rate.h"

enum credential_state {
    CREDENTIAL_NONE,        /* must be fetched */
    CREDENTIAL_FETCHING,    /* asked for; none that works is at hand */
    CREDENTIAL_READY,
    CREDENTIAL_REFRESHING,  /* asked for; the present one still works */
    CREDENTIAL_FAILED,      /* asked again at retry_ms */
};

struct target {
    const struct target_policy *policy;
    uint32_t index;
    struct queue queue;         /* deliveries, QUEUED */
    struct list waiting;        /* deliveries, WAITING */
    uint32_t waiting_here;      /* how many of them wait for another delivery of this process */
    struct list ready;          /* batches to be sent again, before anything new */
    struct list resting;        /* batches in BACKOFF */
    struct list custody;        /* deliveries that hold a claim, oldest lease first */
    uint32_t slots;             /* calls under way or reserved */
    struct concurrency concurrency;
    struct rate rate;
    uint64_t delivered;         /* calls that delivered */
    ms_t throttled_until_ms;
    enum breaker breaker;
    uint32_t failures;          /* of the target as a whole, in a row */
    ms_t probe_ms;              /* breaker open or paused: when one call may try */
    bool new_waits;             /* a new delivery was claimed for the last try, and waits for another's claim */
    enum target_pause pause;
    uint64_t refused_dispatch;  /* whom auth or config refused last */
    uint32_t refused_distinct;  /* different ones refused since the last delivery */
    struct {
        enum credential_state state;
        ms_t refresh_ms, expires_ms, retry_ms;
        uint32_t failures;
        uint32_t serial;        /* of the present one; a call remembers with which it was made */
        bool refused;           /* the present one was refused by the backend */
        bool is_second;         /* it came for one that was refused, and nothing was accepted since */
        ms_t had_ms;            /* when the present one came */
        uint32_t short_lives;   /* tokens in a row that were refused soon after they came, each followed by another one */
        bool tried_at_once;     /* a paused target was tried with the last one that came for a refused one */
    } credential;
};

/* Sends whatever may be sent now. */
void target_dispatch(struct engine *, struct target *);
ms_t target_deadline(const struct engine *, const struct target *);
bool target_is_shut(const struct engine *, const struct target *);      /* paused, throttled, or its breaker is not closed */

/* What a call's outcome says about how many and how fast the target takes them. */
void target_felt(struct engine *, const struct batch *, const struct verdict *);

/* What a call's outcome says about the target as a whole. */
void target_succeeded(struct engine *, struct target *);
void target_answered(struct engine *, struct target *);              /* alive, though it did not deliver */
void target_took_us(struct engine *, struct target *);  /* refused a content: credentials and settings are good */
void target_failed(struct engine *, struct target *);
void target_refused(struct engine *, struct target *, uint64_t dispatch, bool auth);
void target_outdated(struct engine *, struct target *, uint32_t credential);    /* that one ended: no fault of the target */
void target_try_now(struct engine *, struct target *);  /* a rotation, a reload, a person: a paused target tries at once */

bool target_is_probing(const struct target *);  /* one call at a time finds out whether it is back */
ms_t target_safe_ms(const struct target *);     /* how long after its claim was sent a call may still begin */

void credential_review(struct engine *, struct target *);   /* asks for one when it is time to */
void credential_refused(struct engine *, struct target *);  /* by the backend: get another */
void credential_answered(struct engine *, const struct input *);
bool credential_usable(const struct engine *, const struct target *);
ms_t credential_deadline(const struct target *);

#endif
