/* claim.h: what happens when a claim, a renewal or an end meets a value. Pure: the in-process store, the model Redis of the
 * simulation and the Lua script of the real one follow this one table (docs/semantics.md, "Redis"). */
#ifndef BRIDGE_CORE_CLAIM_H
#define BRIDGE_CORE_CLAIM_H

#include "bridge/core/types.h"
#include "codecs/claim_value.h"
#include "codecs/siphash.h"

/* The window of a route that repeats of an event fall into. */
struct claim_window {
    uint32_t route;             /* index of the route: names the key together with hash */
    struct hash128 hash;        /* of what the repeats have in common */
    ms_t window_ms;             /* from the first of them, never sliding */
};

/* What the engine wants of a delivery's key. Borrowed slices live until the effect was carried out. */
struct claim_order {
    struct tag tag;
    uint32_t target;            /* index of the target: names the key together with id */
    struct slice id;
    uint64_t fp;
    uint64_t dispatch;
    uint32_t connection;        /* the store's: over which it asks */
    uint32_t attempt;
    uint32_t doubt;
    int64_t first_sent_ms;
    ms_t lease_ms, ttl_ms;
    bool idle;                  /* renew: no call is under way, and none begins before a renewal without it is acknowledged */
    bool replay;                /* the record carries alertbridge-replay: X and U are met like R */
    bool degrade;               /* the target goes on without Redis: then the store answers from its own memory */
    const struct claim_window *window;  /* claim: NULL = repeats are not looked for */
    enum claim_state end;       /* settle: D, X, U, R, or C with lease_ms 0 (given up in doubt) */
};

enum claim_verdict {
    CLAIM_FREE,         /* no value: ours now */
    CLAIM_MINE,         /* it was ours already: the first reply was lost */
    CLAIM_RETRY,        /* R met: ours now, attempt + 1, doubt 0 */
    CLAIM_TAKEOVER,     /* ours now, attempt + 1, doubt + 1: the other may have sent, unless it left word that it had not */
    CLAIM_BUSY,         /* held by another; ask again after rest_ms at most */
    CLAIM_DUPLICATE,    /* D, U or X with the same fp */
    CLAIM_CONFLICT,     /* any value with another fp */
    CLAIM_REPEAT,       /* ours now, but another id of its window is done: to be ended as done, without a call */
    CLAIM_TWIN,         /* another id of its window is on its way; our key was given back. Ask again */
    CLAIM_UNKNOWN,      /* no reply: nothing is known, least of all that it is free */
    CLAIM_VERDICT_COUNT,
};

struct claim_answer {
    enum claim_verdict verdict;
    uint32_t attempt, doubt;    /* of the claim that is now ours */
    int64_t first_sent_ms;
    ms_t rest_ms;               /* BUSY: what is left of the other's lease */
    uint64_t met_owner, met_dispatch;   /* BUSY on our own owner: which custody holds it */
    enum claim_state met;       /* DUPLICATE: D, U or X; RETRY: R, or U or X in a replay */
    struct slice leader;        /* REPEAT: the id that was delivered; borrowed until the input was fed */
};

enum settle_answer {
    SETTLE_OK,
    SETTLE_FENCED,      /* another value stands there: another owner took over */
    SETTLE_UNKNOWN,     /* no reply */
};

/* "new", "mine", "retry", "takeover", "busy", "duplicate", "conflict", "repeat", "twin", "unknown" */
const char *claim_verdict_name(enum claim_verdict);

/* A claim meets `met` whose age (ttl - PTTL) is `age_ms`, never below 0. Fills the answer and, where the key is to be written,
 * `*write` (state NONE = leave it). `own` is this process's owner number. open_here: the met dispatch is still open in this
 * process. */
void claim_meet(const struct claim_order *, uint64_t own, const struct claim_value *met, ms_t age_ms, bool open_here,
                struct claim_answer *, struct claim_value *write);

/* An end or a renewal meets `met`. D is top: written over anything, overwritten by nothing. R, U, X and renewals (end = C) need
 * our own owner and dispatch, and nothing of a newer connection: that was written after they were given up on. A missing key is
 * won; X, U and R that stand there already are found written. */
enum settle_answer claim_settle_meet(const struct claim_order *, uint64_t own, const struct claim_value *met,
                                     struct claim_value *write);

/* ---- windows: asked once the delivery's own key is ours (claim_window.c) ------------------------------------------------ */

/* What becomes of a delivery whose window belongs to another id, its leader. */
enum twin_fate {
    TWIN_SUPPRESSED,    /* the leader was delivered */
    TWIN_WAITS,         /* the leader is on its way */
    TWIN_PROMOTED,      /* the leader will not be delivered, or nobody has cared for it for twice a lease */
};

/* `leader` is the value of the leader's key for the same target, NONE or NULL when it is gone. */
enum twin_fate claim_meet_leader(const struct claim_order *, const struct claim_value *leader, ms_t age_ms);

/* What a twin that waits leaves behind in its own key, which `answer` says is ours: what it found there, and never a claim that
 * is held. NONE: no key. */
void claim_give_back(const struct claim_order *, uint64_t own, const struct claim_answer *, struct claim_value *write);

/* Both in one step, for a store that looks at all three keys at once. `leader_id` is what the window holds, absent = nothing;
 * `answer` and `write` are those of claim_meet, which made the key ours. */
enum window_write {
    WINDOW_KEEP,
    WINDOW_OPEN,        /* our id, for window_ms */
    WINDOW_HAND_OVER,   /* our id, for the time that is left */
};
enum window_write claim_meet_window(const struct claim_order *, uint64_t own, struct slice leader_id,
                                    const struct claim_value *leader, ms_t age_ms, struct claim_answer *,
                                    struct claim_value *write);

/* The value a fresh claim or an end writes. */
void claim_value_of(const struct claim_order *, uint64_t own, enum claim_state, struct claim_value *);

#endif
