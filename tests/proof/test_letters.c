/* test_letters.c: what the checker says of reasons to park, of halves, of doubt in keys, and of calls when partitions go. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define OPEN(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR)
#define LETTER(offset_, id_, word_) \
    { .fact = { .kind = FACT_PARKED, .worker = 1, .target = SOAR, .offset = (offset_), .hash = HASH(offset_) }, .id = (id_), \
      .word = (word_) }
#define FOUND(offset_, id_, word_) \
    { .fact = { .kind = FACT_PARKED, .target = SOAR, .offset = (offset_), .hash = HASH(offset_) }, .id = (id_), .word = (word_) }
#define TRIED(id_, word_, ...) CALLED(SOAR, id_), ANSWERED(SOAR, word_, __VA_ARGS__)

Test(proof_letters, a_dead_letter_has_a_cause)
{
    static const struct tale tales[] = {
        { "two contents", SOUND, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), PRODUCED(1, "a", .content = 1, .targets = TO_SOAR), LETTER(1, "a", "conflict") } },
        { "an expiresAt is content", SOUND, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), PRODUCED(1, "a", .targets = TO_SOAR, .flags = PRODUCED_EXPIRES),
            LETTER(1, "a", "conflict") } },
        { "refused three times", SOUND, 0,
          { OPEN(0, "a"), TRIED("a", "auth"), TRIED("a", "auth"), TRIED("a", "config"), LETTER(0, "a", "auth") } },
        { "answered by an error", SOUND, 0, { OPEN(0, "a"), TRIED("a", "in_doubt", .index = 500), LETTER(0, "a", "budget") } },
        { "no answer, but others are delivered", SOUND, 0,
          { OPEN(0, "a"), OPEN(1, "b"), CALLED(SOAR, "a"), CALLED(SOAR, "b", .number = 2), EXECUTED(SOAR, "b"),
            ANSWERED(SOAR, "delivered", .number = 2), ANSWERED(SOAR, "not_sent"), LETTER(0, "a", "budget") } },
        { "another worker called meanwhile, and its tries are known, not those of this one", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a"), CALLED(SOAR, "a", .worker = 2), ANSWERED(SOAR, "throttled", .worker = 2),
            ANSWERED(SOAR, "in_doubt"), LETTER(0, "a", "budget") } },
        { "without calls nothing is known of tries", SOUND, 0, { OPEN(0, "a"), LETTER(0, "a", "budget") } },
        { "found in the topic, and nobody tells who called", SOUND, 0, { OPEN(0, "a"), FOUND(0, "a", "auth") } },
        { "one content", 1, 0, { OPEN(0, "a"), LETTER(0, "a", "conflict") } },
        { "refused twice", 1, 0, { OPEN(0, "a"), TRIED("a", "auth"), TRIED("a", "auth"), LETTER(0, "a", "auth") } },
        { "another worker's call, an outage, and the letter is of the one that called last", 1, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .worker = 2), CALLED(SOAR, "a"), ANSWERED(SOAR, "in_doubt", .worker = 2),
            ANSWERED(SOAR, "in_doubt"), LETTER(0, "a", "budget") } },
        { "an outage only", 1, 0, { OPEN(0, "a"), TRIED("a", "not_sent"), TRIED("a", "in_doubt"), LETTER(0, "a", "budget") } },
        { "delivered long before", 1, 0,
          { OPEN(0, "a"), OPEN(1, "b"), CALLED(SOAR, "b"), EXECUTED(SOAR, "b"), ANSWERED(SOAR, "delivered"),
            TRIED("a", "not_sent"), LETTER(0, "a", "budget") } },
    };
    EXPECT_TALES(1, tales);
}

Test(proof_letters, doubt_is_in_the_key_before_the_call)
{
    static const struct tale tales[] = {
        { "as much", SOUND, 0,
          { OPEN(0, "a"), KEY("a", "-", "C"), KEY("a", "C", "C", .number = 1), JOURNALED(SOAR, 0, "a", "resend", .number = 1),
            CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the store forgot", SOUND, 0,
          { OPEN(0, "a"), KEY("a", "-", "C"), FORGOT(), JOURNALED(SOAR, 0, "a", "resend", .number = 1), CALLED(SOAR, "a"),
            EXECUTED(SOAR, "a") } },
        { "it goes on without the store", SOUND, TARGET_DEGRADES,
          { OPEN(0, "a"), KEY("a", "-", "C"), JOURNALED(SOAR, 0, "a", "resend", .number = 1), CALLED(SOAR, "a"),
            EXECUTED(SOAR, "a") } },
        { "sent again as often as it may be", SOUND, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a"),
            JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a") } },
        { "more often", 7, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a"),
            JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a") } },
        { "less", 7, 0,
          { OPEN(0, "a"), KEY("a", "-", "C"), JOURNALED(SOAR, 0, "a", "resend", .number = 1), CALLED(SOAR, "a"),
            EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(7, tales);
}

Test(proof_letters, a_batch_is_halved_for_refusals)
{
    static const struct tale tales[] = {
        { "one for one", SOUND, 0, { GAUGED("halved", 1, 1) } },
        { "more than refusals", 16, 0, { GAUGED("halved", 2, 1) } },
        { "without any", 16, 0, { GAUGED("halved", 0, 0), GAUGED("halved", 1, 0) } },
    };
    EXPECT_TALES(16, tales);
}

Test(proof_letters, who_is_asked_to_give_back_finishes_its_calls)
{
    static const struct tale tales[] = {
        { "nothing under way", SOUND, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), ANSWERED(SOAR, "delivered"),
            REVOKED(.number = 5, .limit = 100) } },
        { "the time is over", SOUND, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), REVOKED(.number = 100, .limit = 100) } },
        { "of two calls one", 18, 0,
          { OPEN(0, "a"), OPEN(1, "b"), ASSIGNED(), CALLED(SOAR, "a"), CALLED(SOAR, "b", .number = 2), EXECUTED(SOAR, "a"),
            EXECUTED(SOAR, "b"), ANSWERED(SOAR, "delivered"), REVOKED(.number = 99, .limit = 100) } },
        { "a call is under way", 18, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), REVOKED(.number = 5, .limit = 100) } },
    };
    EXPECT_TALES(18, tales);
}

#define IN_LANE(offset_, id_, lane_) \
    { .fact = { .kind = FACT_PRODUCED, .target = -1, .offset = (offset_), .targets = TO_NOTICE, .hash = HASH(offset_) }, \
      .id = (id_), .lane = (lane_) }

Test(proof_letters, no_call_holds_two_of_a_lane)
{
    static const struct tale tales[] = {
        { "of two lanes", SOUND, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "l"), IN_LANE(2, "c", "k"), CALLED(NOTICE, "a"), CALLED(NOTICE, "b"),
            EXECUTED(NOTICE, "a"), EXECUTED(NOTICE, "b"), ANSWERED(NOTICE, "delivered"), CALLED(NOTICE, "c", .number = 2),
            EXECUTED(NOTICE, "c") } },
        { "without order", SOUND, 0,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), CALLED(NOTICE, "a"), CALLED(NOTICE, "b"), EXECUTED(NOTICE, "a"),
            EXECUTED(NOTICE, "b") } },
        { "of one lane", 8, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), CALLED(NOTICE, "a"), CALLED(NOTICE, "b"), EXECUTED(NOTICE, "a"),
            EXECUTED(NOTICE, "b") } },
    };
    for (size_t i = 0; i < sizeof(tales) / sizeof(tales[0]); i++) {
        struct history history;
        struct findings findings;
        history_init(&history);
        tale_tell(&tales[i], &history);
        history_check(&history, &findings);
        history_release(&history);
        cr_expect_eq(findings.n, tales[i].broken ? 1 : 0, "%s: %s", tales[i].name, findings.first[0].text);
    }
}
