/* letters.h: what was tried before something was parked: whether it may have been, by its reason. Private to tests/proof. */
#ifndef TESTS_PROOF_LETTERS_H
#define TESTS_PROOF_LETTERS_H

#include "tests/proof/checked.h"

/* One id at one target while the history goes by. */
struct tries {
    uint32_t by;                /* the worker that called last */
    uint32_t contents;          /* bits: what was produced under this id */
    uint32_t refusals;          /* calls refused for the credentials or the settings */
    uint32_t counted;           /* failed calls that could use up budget */
    uint64_t delivered;         /* by that worker to that target, when it called first or failed last */
};

struct letters {
    struct checked *checked;
    struct tries *tries;        /* [id * n_targets + target] */
    uint64_t *delivered;        /* [worker * n_targets + target]: calls that were acknowledged */
    uint32_t word_conflict, word_auth, word_config, word_budget, word_not_sent, word_not_executed, word_in_doubt;
};

void letters_init(struct letters *, struct checked *, uint32_t n_workers);
void letters_release(struct letters *);
void letters_produced(const struct letters *, const struct fact *);
void letters_called(const struct letters *, const struct fact *);
void letters_failed(const struct letters *, const struct fact *member, const struct fact *answer);     /* each member first */
void letters_answered(const struct letters *, const struct fact *answer);
void letters_parked(const struct letters *, size_t place, const struct fact *);

#endif
