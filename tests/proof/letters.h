/* letters.h: what was tried before something was parked: whether it may have been, by its reason. Private to tests/proof. */
#ifndef TESTS_PROOF_LETTERS_H
#define TESTS_PROOF_LETTERS_H

#include "tests/proof/checked.h"

enum { OUTCOMES = 7 };         /* after which something may be parked */

/* What came of calls for one id at one target while the history goes by, for each worker that called. */
struct tries {
    uint32_t worker;
    uint32_t refusals;          /* calls refused for the credentials or the settings */
    uint32_t counted;           /* failed calls that could use up budget */
    uint32_t alone, alone_ever; /* outcomes as bits: of the last call, if that was for it alone; of all that were */
    int64_t called_at;          /* first */
    uint64_t delivered;         /* by that worker to that target, when it called first or failed last */
    size_t next;                /* a place in their array + 1; 0 ends the list */
};

/* One id at one target. */
struct tried {
    size_t tries;               /* a list */
    uint32_t doubts;            /* how often it may have been carried out, and nobody knows */
};

/* One id: contents are told apart by their number and their expiresAt. */
struct contents {
    size_t first;               /* the fact; NEVER = none */
    int64_t second_at;          /* when another one was produced; INT64_MAX = never */
};

/* Calls of one worker to one target that were acknowledged. */
struct delivered {
    uint64_t n, n_before;       /* in all; before the moment of the last */
    int64_t at;                 /* the last */
};

struct letters {
    struct checked *checked;
    struct tried *tried;        /* [id * n_targets + target] */
    struct tries *tries;
    size_t n_tries;
    struct contents *contents;  /* [id] */
    struct delivered *delivered;    /* [worker * n_targets + target] */
    int64_t *warned;            /* [worker]: what was produced before may be forgotten */
    int64_t *ahead;             /* [worker]: its wall clock, at most so far; [0]: anybody's */
    bool tells_calls;           /* the history does */
    uint32_t words[OUTCOMES];
};

void letters_init(struct letters *, struct checked *, size_t n_called);
void letters_release(struct letters *);
void letters_called(struct letters *, const struct fact *);
void letters_failed(const struct letters *, const struct fact *member, const struct fact *answer);     /* each member first */
void letters_answered(const struct letters *, const struct fact *answer);
void letters_look(struct letters *, size_t place);      /* at what else matters, dead letters among it */

#endif
