/* delivery.h: one event for one target, in our custody until it is terminal; and the record that it came in.
 *
 *   record ─▶ RECEIVED ─lane's turn▶ QUEUED ─slot, CLAIM▶ CLAIMING ─ours, CALL▶ CALLING ─delivered▶ SETTLING ─settled▶ done
 *                │                     ▲                    │ │                 │   ▲                ▲
 *                │        busy, silent │                    │ │duplicate    not │   │CALL            │acknowledged
 *                │                     └───── WAITING ◀─────┘ │       delivered ▼   │                │
 *                ├─dropped──────────────────────────────▶ ENDING ─journaled▶ done  BACKOFF ─────▶ PARKING ◀┐
 *                │                                            ▲                 │   ▲  rejected, spent     │
 *                └─bad input, no route─▶ PARKING ─acknowledged┘  a guard is on  ▼   │called again          │let go
 *                                                                              HELD ───────────────────────┘
 *
 *   Given up, through SETTLING where they have a claim: BACKOFF and HELD in a drain, PARKING when its letter is refused then or
 *   is late. A fence takes whoever is in no call to WAITING. Every step: delivery.c. */
#ifndef BRIDGE_CORE_DELIVERY_H
#define BRIDGE_CORE_DELIVERY_H

#include "bridge/core/engine.h"
#include "bridge/core/lanes.h"
#include "bridge/core/list.h"
#include "bridge/core/timers.h"

struct batch;

enum delivery_state {
    DELIVERY_FREE,      /* engine.free_deliveries: not in use                                                  */
    DELIVERY_RECEIVED,  /* lane.waiting:     decoded and routed, waits for its turn                            */
    DELIVERY_QUEUED,    /* target.queue:     unclaimed, waits for a call slot and a batch; oldest first        */
    DELIVERY_CLAIMING,  /* batch.members:    slot reserved, its claim is being asked for                       */
    DELIVERY_WAITING,   /* target.waiting:   another holds it, or the store is silent; asked again by timer    */
    DELIVERY_CALLING,   /* batch.members:    part of the call under way                                        */
    DELIVERY_BACKOFF,   /* batch.members:    claimed; the batch waits to be sent again                         */
    DELIVERY_SETTLING,  /* engine.settling:  its end (D, X, U, R) is being written                             */
    DELIVERY_PARKING,   /* engine.parking:   its dead-letter record is being written                           */
    DELIVERY_ENDING,    /* engine.settling:  terminal, until its journal entry was given out                   */
    DELIVERY_HELD,      /* guard.held:       to be parked, but too much is: waits with its claim kept          */
    DELIVERY_STATE_COUNT,
};

struct record {
    struct node link;               /* engine.unexpanded while it waits for room, engine.free_records when free */
    const struct record_view *view;
    uint32_t slot;                  /* index in the pool */
    uint32_t handle;                /* the worker's */
    uint32_t partition, epoch;
    uint32_t window_slot;
    uint32_t bytes;
    uint32_t room;                  /* deliveries it needs at most; 0 = not decoded yet */
    uint32_t open;                  /* deliveries not yet terminal, plus 1 while it is being expanded */
    bool abandoned;                 /* some of it is not terminal and never will be here: its offset stays uncommitted */
    bool left;                      /* its window */
    uint32_t source;
    int64_t offset;
    const char *topic;              /* borrowed for ever, as in struct assignment */
    size_t topic_size;
    int32_t number;
    uint64_t place;                 /* hash of topic and number: the same in every assignment */
};

/* What not every delivery has. It stands apart: memory that nothing is written to is not taken, and those at work stay close
 * together. */
struct delivery_rare {
    char code[64], request_id[64];  /* with has_texts: of the last answer */
    struct claim_window window;     /* with windowed */
    char leader[ID_BYTES_MAX + 1];  /* with leader_size: the id that was delivered in place of this one */
};

struct delivery {
    struct node link;               /* in the list of its state */
    struct node custody;            /* target.custody while it holds a claim: oldest lease first */
    struct timer timer;             /* WAITING, and a refused dead letter */
    struct timer place;             /* in target.queue */
    struct record *record;
    struct lane *lane;              /* NULL = a lane of its own */
    struct batch *batch;
    uint32_t slot, serial;          /* serial grows with each effect: only the latest answer counts */
    enum delivery_state state;
    int target;                     /* index, or TARGET_NONE, TARGET_DROP */
    uint32_t route;                 /* index of the route that decided; ROUTES_MAX = none */
    uint32_t index;                 /* of the event in its record */
    uint32_t bytes;                 /* about its share of a body */
    uint32_t message_at, message_size;  /* where its message stands among those of its record; size 0 = not written */
    uint64_t fp, dispatch;          /* dispatch 0 = no custody yet */
    uint32_t claim_attempt, doubt;
    uint64_t waits_for;             /* WAITING: the custody of this process that holds its key; 0 = another process's */
    uint32_t asks;                  /* times it was asked for and not had, in a row */
    uint32_t calls;                 /* calls it was part of */
    bool claimed;                   /* the key is ours */
    bool renewing;                  /* a RENEW is out */
    bool doubt_unwritten;           /* doubt grew since the key was written */
    bool marked_idle;               /* its key may say that no call is under way: to be taken back before the next one */
    bool renews_idle;               /* the RENEW that is out says so */
    bool replay;
    bool journal_again;             /* its entry is given out once more: the one before may be lost */
    uint32_t doubt_journaled;       /* the doubt that the journal knows of, in this custody */
    bool is_probe;                  /* was held by a guard and is called again, to see whether the flood is over */
    bool let_pass;                  /* was held, and an operator let it go: no guard holds or counts it again */
    bool windowed;                  /* its route looks for repeats: rare->window is set */
    uint8_t leader_size;            /* of rare->leader; 0 = it is no suppressed repeat */
    enum claim_state end;           /* SETTLING: what is being written */
    enum terminal terminal;         /* SETTLING, ENDING: what it will count as */
    ms_t lease_from_ms;             /* when the claim that is ours, or its last good renewal, was sent */
    ms_t renew_ms;                  /* when its claim is looked at next */
    ms_t renew_from_ms;             /* when the renewal that is out was sent */
    ms_t number;                    /* order of arrival in this worker */
    int64_t first_ms, last_ms;      /* wall clock of its calls */
    int64_t expires_ms;             /* wall clock; 0 = never */
    enum reason reason;
    enum fault fault;
    int status;
    bool has_texts;                 /* the last answer had a code or named the request */
    struct delivery_rare *rare;     /* its own for ever */
    uint8_t id_size;
    char id[ID_BYTES_MAX + 1];
};

const char *delivery_state_name(enum delivery_state);

/* The only function that changes a state: checks the step against the table, unlinks, links, counts.
 * The second form puts it at the head of its list. */
void delivery_move(struct engine *, struct delivery *, enum delivery_state);
void delivery_move_to_head(struct engine *, struct delivery *, enum delivery_state);
bool delivery_step_allowed(enum delivery_state from, enum delivery_state to);

struct delivery *delivery_open(struct engine *, struct record *, int target);   /* state RECEIVED, in no list yet */
void delivery_leave_lane(struct engine *, struct delivery *);                   /* whoever waits in it goes on */
void delivery_done(struct engine *, struct delivery *, enum terminal);          /* terminal: frees it, its lane's next goes on */

struct slice delivery_id(const struct delivery *);
void delivery_note_answer(struct delivery *, const struct verdict *);
const char *delivery_code(const struct delivery *);         /* the backend's, of the last answer; "" = none */
const char *delivery_request_id(const struct delivery *);   /* likewise */
struct slice delivery_leader(const struct delivery *);      /* absent unless it is a suppressed repeat */
struct delivery *delivery_of(struct engine *, struct tag);                      /* NULL when the tag is stale */
struct tag delivery_tag(struct delivery *);                                     /* a new serial */

#endif
