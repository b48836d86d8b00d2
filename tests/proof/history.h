/* history.h: what happened, as one list of facts in the order of time. The simulated world writes it while it runs, the run on
 * real parts puts it together from the log, the ledgers and the topics; the checker reads nothing else.
 *
 * A fact is flat: which fields mean something is told at its kind. Texts are interned: equal texts, equal numbers; 0 is "". As a
 * file it is JSON lines, one fact a line, `{"fact":"executed","at":12,"worker":1,...}`; fields of value 0 may be left out. */
#ifndef TESTS_PROOF_HISTORY_H
#define TESTS_PROOF_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum fact_kind {
    /* what was asked for */
    FACT_TARGET,        /* target, word: soar or notice; flags: TARGET_* below; number: claim lease; limit: longest back-off;
                         * offset: longest Retry-After that is followed, ms; index: 1 + max_ambiguous,
                         * 0 = no limit; epoch: call timeout, ms, 0 = not said; hash: max_age, ms, 0 = none */
    FACT_PATIENCE,      /* target; number: the bound of the first wait after a failure, ms; limit: after so many failures in a
                         * row it is only tried now and then */
    FACT_PRODUCED,      /* partition, offset, index, id, content, lane, targets (bits), keys (its window, route and key; 0 =
                         * none), windows: the targets where it has that one; limit: for how long one lasts, ms; number: its
                         * expiresAt, ms of the world's clock; hash: of key, value, headers and timestamp; flags: PRODUCED_* */
    /* what the world saw */
    FACT_CALLED,        /* worker, target, number: which call of the worker; id: one member (one fact each); limit: members;
                         * hash: under which claim of the worker, the same as at its KEY, 0 = not said. It is decided: a claim
                         * that is too old by then keeps it from being begun */
    FACT_BEGUN,         /* worker, target, number: that call is on the wire, for all of its members: called before */
    FACT_ANSWERED,      /* worker, target, number: the same; word: the outcome as the reply says; limit: told to wait, ms;
                         * index: HTTP status, 0 = none came; flags: ANSWERED_TOO_LATE */
    FACT_EXECUTED,      /* target, id, content; worker where it is known */
    FACT_SHOWN,         /* target, id, content, user: one notice to one user */
    FACT_PARKED,        /* partition, offset, index, target (-1 = none), id, word: the reason; hash as produced; worker where it
                         * is known; number: it may have been written so many ms later, or below 0, was decided upon so many
                         * ms before; flags: PARKED_STUB */
    FACT_COMMITTED,     /* worker, partition, epoch, offset: taken by the group's coordinator; number: it was under way for so
                         * many ms */
    FACT_KEY,           /* id, target, word: state the key left, other: state it went to (interned "C", "D", ...; "I" is a C
                         * that says that no call is under way, or was given up); worker; number: the doubt in it;
                         * limit: the doubt in what it left; hash: which claim of the worker, as two copies of one id have one
                         * each, 0 = not said; flags: KEY_*. A claim that is written anew is told too, though it says the same */
    FACT_TAKEN,         /* worker, target, id: it took a claim over, in the store or in its own memory, that was neither idle nor
                         * given up: who held it may have sent */
    FACT_HANDED,        /* worker, target, id: it leads a window that other led until now, for the time that is left of it */
    FACT_OPENED,        /* worker, target, id: it leads a window that began then, which is late where its worker or its
                         * command stood still; hash: under which of its claims */
    FACT_FORGOT,        /* the store lost memory, once: what it held of that id for that target; id 0: all of it, or what was
                         * written last. number: at a moment that is not known, from at to at + number */
    FACT_JUMPED,        /* the store's clock jumped: claims there are older or younger than they were, nothing was lost */
    FACT_MISSED,        /* the store was away for everybody from at to at + number */
    /* what the workers did and said */
    FACT_ALONE,         /* worker, target, id: it claims that one by what it remembers itself, the store being away */
    FACT_WARNED,        /* worker: it knows that the store forgot what was produced before `number` (ms of the world's clock) */
    FACT_STARTED,       /* worker: a new life of a process */
    FACT_STOPPED,       /* worker; word: killed, drained, forced; number: records in its windows when it left; offset: ms since
                         * it was asked to leave, limit: how long it may finish what it began, 0 = not said;
                         * flags: 1 = complete. What it gave back with its last word was REVOKED at the same moment */
    FACT_FROZEN,        /* worker; number: for so many ms from at on */
    FACT_CLOCK,         /* worker; number: its wall clock is ahead by so many ms from at on */
    FACT_ASSIGNED,      /* worker, partition, epoch; offset: where it begins */
    FACT_REVOKED,       /* worker, partition, epoch: given back by the worker's own word; number: ms since it was asked to,
                         * limit: how long it may finish what it began, 0 = it was not asked by the group */
    FACT_LOST,          /* worker, partition, epoch: taken away without asking */
    FACT_POLLED,        /* worker, partition, offset, epoch */
    FACT_JOURNALED,     /* worker, target, id, partition, offset, word: outcome; number: doubt; limit: attempts;
                         * other: suppressed_by */
    FACT_GAUGED,        /* worker; word: what; number <= limit must hold. "opened": number = limit must hold. "halved":
                         * batches halved, and answers that allow it. In ms, with no other fault meanwhile: "takeover": from
                         * a kill until each key that was claimed then is another's or done; "exit": from SIGTERM until the
                         * process is gone; "back": from when the store is back until the first call. "again": records that
                         * were read after a complete drain of all */
    FACT_COUNTED,       /* worker, target, word: so many of its journal's entries have that word, as its own metrics say; number.
                         * Told when nothing is under way */
    /* what was left behind, wherever people may read it */
    FACT_SEARCHED,      /* word: where planted secrets were looked for; number: bytes that stood there */
    FACT_SPILT,         /* word: which planted secret (its name, never itself); other: where it stands */
    FACT_TRACED,        /* number: the seed of a run; hash: of all that happened in it */
    /* the end */
    FACT_CALM,          /* no fault from here on; number: ms within which all must be at rest */
    FACT_RESTED,        /* nothing is under way; the run ends */
    FACT_KIND_COUNT,
};

enum { TARGET_HOLDS = 1, TARGET_KEEPS_ORDER = 2, TARGET_DEGRADES = 4, TARGET_HOLDS_AMNESIA = 8, TARGET_IGNORES_CONFLICT = 16 };
enum { PRODUCED_UNREADABLE = 1, PRODUCED_NO_ROUTE = 2, PRODUCED_REPLAY = 4, PRODUCED_EXPIRES = 8, PRODUCED_DROPPED = 16 };
enum { PARKED_STUB = 1 };
/* For a replayed record; by the first command of a claim, not by a renewal or an end; a claim that the next owner may have at
 * once; by any command of a claim; by a claim of who did not hold it: a custody begins; by a command that nobody waited for any
 * more. */
enum { KEY_REPLAY = 1, KEY_ASKED = 2, KEY_GIVEN_UP = 4, KEY_CLAIMED = 8, KEY_BEGINS = 16, KEY_LATE = 32 };
enum { ANSWERED_TOO_LATE = 1 };     /* it was not begun, as its claim was too old by then */
enum { FACT_TARGETS_MAX = 8, FACT_CONTENTS_MAX = 8, FACT_WORKERS_MAX = 1 << 24, FACT_PARTITIONS_MAX = 1 << 20 };

struct fact {
    enum fact_kind kind;
    int64_t at;                 /* ms of the world's one clock */
    uint32_t worker;            /* a life of a process, from 1; 0 = none */
    int32_t target;             /* from 0; -1 = none */
    int32_t partition;          /* of all topics, numbered through */
    int64_t offset;
    uint32_t index;             /* of the event in its record */
    uint32_t epoch;
    uint32_t id, other, user, word, lane, keys;     /* interned */
    uint32_t content;           /* which content of that id */
    uint32_t targets, windows;  /* bits */
    uint32_t flags;
    uint64_t hash;
    int64_t number, limit;
};

struct history {
    struct fact *facts;
    size_t n, room;
    char **texts;               /* by number */
    uint32_t n_texts, texts_room;
    uint32_t *buckets, n_buckets;
};

void history_init(struct history *);
void history_release(struct history *);
void history_clear(struct history *);               /* keeps the memory, forgets the facts and texts */

uint32_t history_text(struct history *, const char *text, size_t size);
const char *history_name(const struct history *, uint32_t text);

void history_add(struct history *, const struct fact *);        /* at must not go back by more than a sort at the end mends */
void history_sort(struct history *);                            /* by at; facts of one moment keep their order */

const char *fact_name(enum fact_kind);
bool fact_is_sound(const struct fact *);            /* its numbers are within the bounds above */
void history_write(const struct history *, FILE *);
bool history_read(struct history *, FILE *, char *error, size_t error_size);    /* `error` names the line */

#endif
