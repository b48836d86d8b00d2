/* tale.h: hand-made histories: facts with their texts written out, one after the other. */
#ifndef TESTS_PROOF_TALE_H
#define TESTS_PROOF_TALE_H

#include "tests/proof/checker.h"

enum { TALE_FACTS_MAX = 24, TALE_STEP_MS = 10, NOTICE = 0, SOAR = 1, TO_NOTICE = 1 << NOTICE, TO_SOAR = 1 << SOAR };
enum { LEASE_MS = 10000, CALL_TIMEOUT_MS = 2000, SAFE_MS = 6000, RETRY_AFTER_MAX_MS = 5000, SENDS_MAX = 3 };
enum { WINDOW_MS = 1000, MAX_AGE_MS = 100000, BASE_MS = 200, BREAKER_FAILURES = 5, SOUND = 0 };

/* A fact with texts in place of their numbers. `fact.at` 0 = a step after the one before. */
struct told {
    struct fact fact;
    const char *id, *other, *user, *word, *lane;
};

/* The usual ones; what is named behind comes in place of what is usual. The hash of a record is told by its offset. All are
 * of one window. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define HASH(offset_) (1000 + (uint64_t)(offset_))
#define PRODUCED(offset_, id_, ...) \
    { .fact = { .kind = FACT_PRODUCED, .target = -1, .offset = (offset_), .hash = HASH(offset_), .keys = 1, \
                .windows = TO_NOTICE | TO_SOAR, .limit = WINDOW_MS, __VA_ARGS__ }, .id = (id_) }
#define CALLED(target_, id_, ...) \
    { .fact = { .kind = FACT_CALLED, .worker = 1, .target = (target_), .number = 1, .limit = 1, __VA_ARGS__ }, .id = (id_) }
#define BEGUN(target_, ...) { .fact = { .kind = FACT_BEGUN, .worker = 1, .target = (target_), .number = 1, __VA_ARGS__ } }
#define ANSWERED(target_, word_, ...) \
    { .fact = { .kind = FACT_ANSWERED, .worker = 1, .target = (target_), .number = 1, __VA_ARGS__ }, .word = (word_) }
#define EXECUTED(target_, id_, ...) { .fact = { .kind = FACT_EXECUTED, .target = (target_), __VA_ARGS__ }, .id = (id_) }
#define SHOWN(id_, user_, ...) { .fact = { .kind = FACT_SHOWN, .target = NOTICE, __VA_ARGS__ }, .id = (id_), .user = (user_) }
#define PARKED(target_, offset_, id_, ...) \
    { .fact = { .kind = FACT_PARKED, .worker = 1, .target = (target_), .offset = (offset_), .hash = HASH(offset_), \
                __VA_ARGS__ }, .id = (id_), .word = "rejected" }
#define COMMITTED(offset_, ...) \
    { .fact = { .kind = FACT_COMMITTED, .worker = 1, .target = -1, .epoch = 1, .offset = (offset_), __VA_ARGS__ } }
#define ASSIGNED(...) { .fact = { .kind = FACT_ASSIGNED, .worker = 1, .target = -1, .epoch = 1, __VA_ARGS__ } }
#define REVOKED(...) { .fact = { .kind = FACT_REVOKED, .worker = 1, .target = -1, .epoch = 1, __VA_ARGS__ } }
#define LOST(...) { .fact = { .kind = FACT_LOST, .worker = 1, .target = -1, .epoch = 1, __VA_ARGS__ } }
#define POLLED(offset_, ...) \
    { .fact = { .kind = FACT_POLLED, .worker = 1, .target = -1, .epoch = 1, .offset = (offset_), __VA_ARGS__ } }
#define JOURNALED(target_, offset_, id_, word_, ...) \
    { .fact = { .kind = FACT_JOURNALED, .worker = 1, .target = (target_), .offset = (offset_), __VA_ARGS__ }, .id = (id_), \
      .word = (word_) }
#define SUPPRESSED(target_, offset_, id_, leader_) \
    { .fact = { .kind = FACT_JOURNALED, .worker = 1, .target = (target_), .offset = (offset_) }, .id = (id_), \
      .word = "duplicate", .other = (leader_) }
#define KEY(id_, from_, to_, ...) \
    { .fact = { .kind = FACT_KEY, .worker = 1, .target = SOAR, __VA_ARGS__ }, .id = (id_), .word = (from_), .other = (to_) }
#define WARNED(before_, ...) \
    { .fact = { .kind = FACT_WARNED, .worker = 1, .target = -1, .number = (before_), __VA_ARGS__ } }
#define SEARCHED(place_, bytes_) \
    { .fact = { .kind = FACT_SEARCHED, .target = -1, .number = (bytes_) }, .word = (place_) }
#define SPILT(secret_, place_) { .fact = { .kind = FACT_SPILT, .target = -1 }, .word = (secret_), .other = (place_) }
#define TRACED(seed_, hash_) { .fact = { .kind = FACT_TRACED, .target = -1, .number = (seed_), .hash = (hash_) } }
#define GAUGED(word_, number_, limit_) \
    { .fact = { .kind = FACT_GAUGED, .worker = 1, .number = (number_), .limit = (limit_) }, .word = (word_) }
#define COUNTED(target_, word_, number_, ...) \
    { .fact = { .kind = FACT_COUNTED, .worker = 1, .target = (target_), .number = (number_), __VA_ARGS__ }, .word = (word_) }
#define STOPPED(word_, ...) { .fact = { .kind = FACT_STOPPED, .worker = 1, .target = -1, __VA_ARGS__ }, .word = (word_) }
#define FROZEN(for_ms, ...) { .fact = { .kind = FACT_FROZEN, .worker = 1, .target = -1, .number = (for_ms), __VA_ARGS__ } }
#define FORGOT(...) { .fact = { .kind = FACT_FORGOT, .target = -1, __VA_ARGS__ } }
#define LOST_KEY(target_, id_) { .fact = { .kind = FACT_FORGOT, .target = (target_) }, .id = (id_), .word = "evicted" }
#define JUMPED(...) { .fact = { .kind = FACT_JUMPED, .target = -1, __VA_ARGS__ } }
#define MISSED(for_ms, ...) { .fact = { .kind = FACT_MISSED, .target = -1, .number = (for_ms), __VA_ARGS__ } }
#define CALM(within_ms) { .fact = { .kind = FACT_CALM, .target = -1, .number = (within_ms) } }
#define RESTED(...) { .fact = { .kind = FACT_RESTED, .target = -1, __VA_ARGS__ } }

/* `broken` is the one invariant that it breaks; SOUND = none. `flags` are both targets'. A fact of kind TARGET (0) ends it: the
 * targets themselves come first without being told. */
struct tale {
    const char *name;
    int broken;
    uint32_t flags;
    struct told facts[TALE_FACTS_MAX];
};

void tale_tell(const struct tale *, struct history *);

/* Judges each: sound ones pass and gave `invariant` something to judge, broken ones break that one and no other. */
void tales_expect(int invariant, const struct tale *, size_t n);

#define EXPECT_TALES(invariant, tales) tales_expect(invariant, tales, sizeof(tales) / sizeof((tales)[0]))

#endif
