/* test_kafka.c: what the checker says of epochs, assignments, the end of a run and drains: I3 I4 I17 I18. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define DONE(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR), EXECUTED(SOAR, id_)

Test(proof_kafka, commits_do_not_go_back)
{
    static const struct tale tales[] = {
        { "forward, and the same again", SOUND, 0,
          { ASSIGNED(), DONE(0, "a"), DONE(1, "b"), COMMITTED(1), COMMITTED(2), COMMITTED(2) } },
        { "back in another epoch", SOUND, 0,
          { ASSIGNED(), DONE(0, "a"), DONE(1, "b"), COMMITTED(2), LOST(), ASSIGNED(.epoch = 2), COMMITTED(1, .epoch = 2) } },
        { "back", 3, 0, { ASSIGNED(), DONE(0, "a"), DONE(1, "b"), COMMITTED(2), COMMITTED(1) } },
        { "back to nothing", 3, 0, { ASSIGNED(), DONE(0, "a"), COMMITTED(1), COMMITTED(0) } },
        { "back behind another worker's epoch", 3, 0,
          { ASSIGNED(), DONE(0, "a"), DONE(1, "b"), COMMITTED(1), REVOKED(), ASSIGNED(.worker = 2), COMMITTED(2, .worker = 2),
            COMMITTED(1, .worker = 2) } },
    };
    EXPECT_TALES(3, tales);
}

Test(proof_kafka, only_the_owner_commits)
{
    static const struct tale tales[] = {
        { "while it has it", SOUND, 0, { ASSIGNED(), DONE(0, "a"), COMMITTED(1), REVOKED() } },
        { "each its own partition", SOUND, 0,
          { ASSIGNED(), ASSIGNED(.worker = 2, .partition = 1), DONE(0, "a"), PRODUCED(0, "b", .partition = 1, .targets = TO_SOAR),
            EXECUTED(SOAR, "b"), COMMITTED(1), COMMITTED(1, .worker = 2, .partition = 1) } },
        { "sent before it gave it back, taken a moment later", SOUND, 0,
          { ASSIGNED(), DONE(0, "a"), REVOKED(), COMMITTED(1, .number = TALE_STEP_MS) } },
        { "sent before it gave it back, taken when another has it", 4, 0,
          { ASSIGNED(), DONE(0, "a"), REVOKED(), ASSIGNED(.worker = 2), COMMITTED(1, .number = 2 * TALE_STEP_MS) } },
        { "and another that had it before has not heard that it lost it", SOUND, 0,
          { ASSIGNED(.worker = 2), ASSIGNED(), DONE(0, "a"), REVOKED(), COMMITTED(1, .number = TALE_STEP_MS) } },
        { "sent before it was lost, taken a moment later", SOUND, 0,
          { ASSIGNED(), DONE(0, "a"), LOST(), COMMITTED(1, .number = TALE_STEP_MS) } },
        { "sent before it was lost, taken when another has it", 4, 0,
          { ASSIGNED(), DONE(0, "a"), LOST(), ASSIGNED(.worker = 2), COMMITTED(1, .number = 2 * TALE_STEP_MS) } },
        { "sent after it was lost", 4, 0, { ASSIGNED(), DONE(0, "a"), LOST(), COMMITTED(1, .number = TALE_STEP_MS - 1) } },
        { "sent after it gave it back", 4, 0,
          { ASSIGNED(), DONE(0, "a"), REVOKED(), COMMITTED(1, .number = TALE_STEP_MS - 1) } },
        { "after it gave it back", 4, 0, { ASSIGNED(), DONE(0, "a"), REVOKED(), COMMITTED(1) } },
        { "after it was lost", 4, 0, { ASSIGNED(), DONE(0, "a"), LOST(), COMMITTED(1) } },
        { "of an old epoch", 4, 0,
          { ASSIGNED(), DONE(0, "a"), REVOKED(), ASSIGNED(.epoch = 2), COMMITTED(1, .epoch = 1) } },
        { "before it is assigned", 4, 0, { DONE(0, "a"), COMMITTED(1), ASSIGNED() } },
        { "another's partition", 4, 0, { ASSIGNED(), DONE(0, "a"), COMMITTED(1, .worker = 2) } },
    };
    EXPECT_TALES(4, tales);
}

Test(proof_kafka, all_comes_to_rest_in_time)
{
    static const struct tale tales[] = {
        { "in time", SOUND, 0, { ASSIGNED(), DONE(0, "a"), CALM(1000), COMMITTED(1), RESTED() } },
        { "two partitions", SOUND, 0,
          { ASSIGNED(), ASSIGNED(.partition = 1), DONE(4, "a"), PRODUCED(2, "b", .partition = 1, .targets = TO_SOAR),
            EXECUTED(SOAR, "b"), COMMITTED(5), COMMITTED(3, .partition = 1), CALM(1000), RESTED() } },
        { "what is produced afterwards is not looked for", SOUND, 0,
          { ASSIGNED(), DONE(0, "a"), CALM(1000), COMMITTED(1), RESTED(), DONE(1, "b") } },
        { "late", 17, 0, { ASSIGNED(), DONE(0, "a"), COMMITTED(1), CALM(1000), RESTED(.at = 1051) } },
        { "never", 17, 0, { ASSIGNED(), DONE(0, "a"), COMMITTED(1), CALM(1000) } },
        { "one record is not committed", 17, 0, { ASSIGNED(), DONE(0, "a"), DONE(1, "b"), COMMITTED(1), CALM(1000), RESTED() } },
        { "a partition without a commit", 17, 0,
          { ASSIGNED(), DONE(0, "a"), PRODUCED(0, "b", .partition = 1, .targets = TO_SOAR), EXECUTED(SOAR, "b"), COMMITTED(1),
            CALM(1000), RESTED() } },
    };
    EXPECT_TALES(17, tales);
}

#define DRAIN(at_, ...) REVOKED(.at = (at_)), STOPPED("drained", .at = (at_), __VA_ARGS__)
#define READ(last) ASSIGNED(), DONE(0, "a"), DONE(1, "b"), POLLED(0), POLLED(last), COMMITTED((last) + 1)

Test(proof_kafka, after_a_complete_drain_nothing_is_read_again)
{
    static const struct tale tales[] = {
        { "goes on behind it", SOUND, 0,
          { READ(1), DRAIN(500, .flags = 1), ASSIGNED(.worker = 2), DONE(2, "c"), POLLED(2, .worker = 2) } },
        { "over a gap", SOUND, 0,
          { READ(1), DRAIN(500, .flags = 1), ASSIGNED(.worker = 2), DONE(9, "c"), POLLED(9, .worker = 2) } },
        { "an incomplete drain may be read again", SOUND, 0,
          { READ(0), DRAIN(500, .number = 1), ASSIGNED(.worker = 2), POLLED(0, .worker = 2), POLLED(1, .worker = 2),
            COMMITTED(2, .worker = 2), REVOKED(.worker = 2, .at = 900), STOPPED("drained", .worker = 2, .at = 900, .flags = 1),
            POLLED(2, .worker = 3) } },
        { "a member that was put out while it stood still reads on", SOUND, 0,
          { ASSIGNED(.worker = 3), READ(1), DRAIN(500, .flags = 1), POLLED(0, .worker = 3), POLLED(1, .worker = 3),
            ASSIGNED(.worker = 2), DONE(2, "c"), POLLED(2, .worker = 2) } },
        { "a member that was put out reads on, and so does the next one", 18, 0,
          { ASSIGNED(.worker = 3), READ(1), DRAIN(500, .flags = 1), POLLED(0, .worker = 3), ASSIGNED(.worker = 2),
            POLLED(1, .worker = 2) } },
        { "it reads from the beginning in its next assignment", 18, 0,
          { ASSIGNED(.worker = 3), READ(1), DRAIN(500, .flags = 1), LOST(.worker = 3), ASSIGNED(.worker = 3, .epoch = 2),
            POLLED(1, .worker = 3, .epoch = 2) } },
        { "the last record again", 18, 0, { READ(1), DRAIN(500, .flags = 1), ASSIGNED(.worker = 2), POLLED(1, .worker = 2) } },
        { "from the beginning", 18, 0, { READ(1), DRAIN(500, .flags = 1), ASSIGNED(.worker = 2), POLLED(0, .worker = 2) } },
        { "without a commit", 18, 0,
          { ASSIGNED(), DONE(0, "a"), POLLED(0), DRAIN(500, .flags = 1), ASSIGNED(.worker = 2), POLLED(0, .worker = 2) } },
    };
    EXPECT_TALES(18, tales);
}
