/* test_ends.c: what the checker says of lost deliveries, commits, contents and dead letters: I1 I2 I5 I14. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define BOTH TO_NOTICE | TO_SOAR
#define DONE(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR), EXECUTED(SOAR, id_)
#define OPEN(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR)
#define BAD_INPUT(offset_) \
    { .fact = { .kind = FACT_PARKED, .worker = 1, .target = -1, .offset = (offset_), .hash = HASH(offset_) }, \
      .word = "bad_input" }

Test(proof_ends, every_delivery_has_an_end)
{
    static const struct tale tales[] = {
        { "carried out", SOUND, 0, { PRODUCED(0, "a", .targets = BOTH), EXECUTED(NOTICE, "a"), EXECUTED(SOAR, "a") } },
        { "parked", SOUND, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a") } },
        { "the same again", SOUND, 0, { DONE(0, "a"), OPEN(1, "a") } },
        { "the same as one that is parked", SOUND, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a"), OPEN(1, "a") } },
        { "unreadable, parked", SOUND, 0, { PRODUCED(0, NULL, .flags = PRODUCED_UNREADABLE), BAD_INPUT(0) } },
        { "dropped by its route", SOUND, 0, { DONE(0, "a"), PRODUCED(1, "b", .flags = PRODUCED_DROPPED) } },
        { "a repeat of one delivered", SOUND, 0, { DONE(0, "a"), OPEN(1, "b"), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "a conflict that is ignored", SOUND, TARGET_IGNORES_CONFLICT,
          { DONE(0, "a"), PRODUCED(1, "a", .content = 1, .targets = TO_SOAR) } },
        { "nothing of it", 1, 0, { DONE(0, "a"), OPEN(1, "b") } },
        { "one of two targets", 1, 0, { PRODUCED(0, "a", .targets = BOTH), EXECUTED(SOAR, "a") } },
        { "one of two events of a record", 1, 0, { DONE(0, "a"), PRODUCED(0, "b", .index = 1, .targets = TO_SOAR) } },
        { "parked for the other target only", 1, 0,
          { PRODUCED(0, "a", .targets = BOTH), PARKED(NOTICE, 0, "a"), CALLED(SOAR, "a"), ANSWERED(SOAR, "rejected") } },
        { "another content under its id", 1, 0, { DONE(0, "a"), PRODUCED(1, "a", .content = 1, .targets = TO_SOAR) } },
        { "unreadable, gone", 1, 0, { PRODUCED(0, NULL, .flags = PRODUCED_UNREADABLE) } },
    };
    EXPECT_TALES(1, tales);
}

Test(proof_ends, no_commit_passes_an_open_record)
{
    static const struct tale tales[] = {
        { "up to the first open one", SOUND, 0,
          { ASSIGNED(), DONE(0, "a"), OPEN(1, "b"), DONE(2, "c"), COMMITTED(1), EXECUTED(SOAR, "b"), COMMITTED(3) } },
        { "a parked one counts", SOUND, 0, { ASSIGNED(), OPEN(0, "a"), PARKED(SOAR, 0, "a"), COMMITTED(1) } },
        { "another partition's open one", SOUND, 0,
          { ASSIGNED(), DONE(0, "a"), PRODUCED(0, "b", .partition = 1, .targets = TO_SOAR), COMMITTED(1), EXECUTED(SOAR, "b") } },
        { "one past an open one behind finished ones", 2, 0,
          { ASSIGNED(), DONE(0, "a"), DONE(1, "b"), OPEN(2, "c"), COMMITTED(3), EXECUTED(SOAR, "c") } },
        { "the highest instead of the finished run", 2, 0,
          { ASSIGNED(), OPEN(0, "a"), DONE(1, "b"), DONE(7, "c"), COMMITTED(8), EXECUTED(SOAR, "a") } },
        { "before the dead letter is there", 2, 0, { ASSIGNED(), OPEN(0, "a"), COMMITTED(1), PARKED(SOAR, 0, "a") } },
        { "the second event of the record is open", 2, 0,
          { ASSIGNED(), DONE(0, "a"), PRODUCED(0, "b", .index = 1, .targets = TO_SOAR), COMMITTED(1), EXECUTED(SOAR, "b") } },
        { "one of two targets is open", 2, 0,
          { ASSIGNED(), PRODUCED(0, "a", .targets = BOTH), EXECUTED(SOAR, "a"), COMMITTED(1), EXECUTED(NOTICE, "a") } },
        { "over a gap", 2, 0, { ASSIGNED(), DONE(0, "a"), OPEN(5, "b"), COMMITTED(6), EXECUTED(SOAR, "b") } },
        { "a repeat whose leader is open", 2, 0,
          { ASSIGNED(), OPEN(0, "a"), COMMITTED(1), DONE(3, "b"), SUPPRESSED(SOAR, 0, "a", "b") } },
    };
    EXPECT_TALES(2, tales);
}

Test(proof_ends, delivered_means_carried_out_with_that_content)
{
    static const struct tale tales[] = {
        { "carried out, then said", SOUND, 0, { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "delivered") } },
        { "a portal keeps the first content when the store forgot it", SOUND, 0,
          { PRODUCED(0, "a", .targets = TO_NOTICE), EXECUTED(NOTICE, "a"), FORGOT(),
            PRODUCED(1, "a", .content = 1, .targets = TO_NOTICE), JOURNALED(NOTICE, 1, "a", "delivered") } },
        { "said, then carried out", 5, 0, { OPEN(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), EXECUTED(SOAR, "a") } },
        { "said, parked", 5, 0, { OPEN(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), PARKED(SOAR, 0, "a") } },
        { "carried out at the other target", 5, 0,
          { PRODUCED(0, "a", .targets = BOTH), EXECUTED(NOTICE, "a"), JOURNALED(SOAR, 0, "a", "delivered"),
            EXECUTED(SOAR, "a") } },
        { "contents of two ids swapped", 5, 0,
          { PRODUCED(0, "a", .targets = TO_SOAR), PRODUCED(1, "b", .content = 1, .targets = TO_SOAR), EXECUTED(SOAR, "a"),
            EXECUTED(SOAR, "b", .content = 1), EXECUTED(NOTICE, "a", .content = 1), EXECUTED(NOTICE, "b") } },
        { "a content that nobody wrote", 5, 0, { DONE(0, "a"), EXECUTED(NOTICE, "a", .content = 2) } },
        { "at a target that it was not routed to", 5, 0, { DONE(0, "a"), EXECUTED(NOTICE, "a") } },
        { "dropped by its route, and sent", 5, 0, { PRODUCED(0, "a", .flags = PRODUCED_DROPPED), EXECUTED(SOAR, "a") } },
        { "another content was carried out", 5, 0,
          { DONE(0, "a"), PRODUCED(1, "a", .content = 1, .targets = TO_SOAR), JOURNALED(SOAR, 1, "a", "delivered"),
            PARKED(SOAR, 1, "a") } },
    };
    EXPECT_TALES(5, tales);
}

Test(proof_ends, a_dead_letter_is_the_record)
{
    static const struct tale tales[] = {
        { "as it came", SOUND, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a") } },
        { "a note in its place, and it says so", SOUND, 0,
          { OPEN(0, "a"), PARKED(SOAR, 0, "a", .hash = 0, .flags = PARKED_STUB) } },
        { "twice", SOUND, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a"), PARKED(SOAR, 0, "a") } },
        { "a header is missing", 14, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a", .hash = HASH(0) + 1) } },
        { "another record's bytes", 14, 0,
          { OPEN(0, "a"), OPEN(1, "b"), PARKED(SOAR, 0, "a"), PARKED(SOAR, 1, "b", .hash = HASH(0)) } },
        { "of no record", 14, 0, { DONE(0, "a"), PARKED(SOAR, 1, "a") } },
        { "of a target that it was not for", 14, 0, { DONE(0, "a"), PARKED(NOTICE, 0, "a") } },
        { "under another id", 14, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "b") } },
        { "the second copy is broken", 14, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a"), PARKED(SOAR, 0, "a", .hash = 7) } },
    };
    EXPECT_TALES(14, tales);
}
