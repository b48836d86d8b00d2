/* claim.h: what happens when a claim, a renewal or an end meets a value. Pure: the in-process store, the model Redis of the
 * simulation and the Lua script of the real one follow this one table (docs/semantics.md, "Redis"). */
#ifndef BRIDGE_CORE_CLAIM_H
#define BRIDGE_CORE_CLAIM_H

#include "bridge/core/types.h"
#include "codecs/claim_value.h"

/* What the engine wants of a delivery's key. Borrowed slices live until the effect was carried out. */
struct claim_order {
    struct tag tag;
    uint32_t target;            /* index of the target: names the key together with id */
    struct slice id;
    uint64_t fp;
    uint64_t dispatch;
    uint32_t attempt;
    uint32_t doubt;
    int64_t first_sent_ms;
    ms_t lease_ms, ttl_ms;
    bool replay;                /* the record carries alertbridge-replay: X and U are met like R */
    bool degrade;               /* the target goes on without Redis: then the store answers from its own memory */
    bool open_here;             /* unused by the engine, set by a store: the dispatch that is met is still open in this process */
    enum claim_state end;       /* settle: D, X, U, R, or C with lease_ms 0 (given up in doubt) */
};

enum claim_verdict {
    CLAIM_FREE,         /* no value: ours now */
    CLAIM_MINE,         /* it was ours already: the first reply was lost */
    CLAIM_RETRY,        /* R met: ours now, attempt + 1, doubt 0 */
    CLAIM_TAKEOVER,     /* ours now, attempt + 1, doubt + 1: the other may have sent */
    CLAIM_BUSY,         /* held by another; ask again after rest_ms at most */
    CLAIM_DUPLICATE,    /* D, U or X with the same fp */
    CLAIM_CONFLICT,     /* any value with another fp */
    CLAIM_UNKNOWN,      /* no reply: nothing is known, least of all that it is free */
    CLAIM_VERDICT_COUNT,
};

struct claim_answer {
    enum claim_verdict verdict;
    uint32_t attempt, doubt;    /* of the claim that is now ours */
    int64_t first_sent_ms;
    ms_t rest_ms;               /* BUSY: what is left of the other's lease */
    uint64_t met_owner, met_dispatch;   /* BUSY on our own owner: which custody holds it */
    enum claim_state met;       /* DUPLICATE: D, U or X */
};

enum settle_answer {
    SETTLE_OK,
    SETTLE_FENCED,      /* another value stands there: another owner took over */
    SETTLE_UNKNOWN,     /* no reply */
};

/* "new", "mine", "retry", "takeover", "busy", "duplicate", "conflict", "unknown" */
const char *claim_verdict_name(enum claim_verdict);

/* A claim meets `met` whose age (ttl - PTTL) is `age_ms`, never below 0. Fills the answer and, where the key is to be written,
 * `*write` (state NONE = leave it). `own` is this process's owner number. open_here: the met dispatch is still open in this
 * process. */
void claim_meet(const struct claim_order *, uint64_t own, const struct claim_value *met, ms_t age_ms, bool open_here,
                struct claim_answer *, struct claim_value *write);

/* An end or a renewal meets `met`. D is top: written over anything, overwritten by nothing. R, U, X and renewals (end = C) need
 * our own owner and dispatch; a missing key is won; X, U and R that stand there already are found written. */
enum settle_answer claim_settle_meet(const struct claim_order *, uint64_t own, const struct claim_value *met,
                                     struct claim_value *write);

/* The value a fresh claim or an end writes. */
void claim_value_of(const struct claim_order *, uint64_t own, enum claim_state, struct claim_value *);

#endif
