/* test_letters.c: what the checker says of reasons to park, of halves, of doubt in keys, and of calls when partitions go. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define OPEN(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR)
#define EXPIRING(offset_, id_, at_ms) \
    PRODUCED(offset_, id_, .targets = TO_SOAR, .flags = PRODUCED_EXPIRES, .number = (at_ms))
#define UNREADABLE(offset_) PRODUCED(offset_, NULL, .flags = PRODUCED_UNREADABLE)
#define UNROUTED(offset_, id_) PRODUCED(offset_, id_, .flags = PRODUCED_NO_ROUTE)
#define LETTER(offset_, id_, word_, ...) \
    { .fact = { .kind = FACT_PARKED, .worker = 1, .target = SOAR, .offset = (offset_), .hash = HASH(offset_), __VA_ARGS__ }, \
      .id = (id_), .word = (word_) }
#define UNTARGETED(offset_, id_, word_) LETTER(offset_, id_, word_, .target = -1)
#define FOUND(offset_, id_, word_, ...) LETTER(offset_, id_, word_, .worker = 0, __VA_ARGS__)
#define TAKEN(id_) { .fact = { .kind = FACT_TAKEN, .worker = 1, .target = SOAR }, .id = (id_) }
#define AHEAD(by_ms, ...) \
    { .fact = { .kind = FACT_CLOCK, .worker = 1, .target = -1, .number = (by_ms), __VA_ARGS__ } }
#define RESENT(id_, doubt_) JOURNALED(SOAR, 0, id_, "resend", .number = (doubt_))
#define TRIED(id_, word_, ...) CALLED(SOAR, id_), ANSWERED(SOAR, word_, __VA_ARGS__)

Test(proof_letters, a_dead_letter_has_a_cause)
{
    static const struct tale tales[] = {
        { "two contents", SOUND, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), PRODUCED(1, "a", .content = 1, .targets = TO_SOAR), LETTER(1, "a", "conflict") } },
        { "an expiresAt is content", SOUND, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), EXPIRING(1, "a", 500), LETTER(1, "a", "conflict") } },
        { "another worker called meanwhile, and its tries are known, not those of this one", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a"), CALLED(SOAR, "a", .worker = 2), ANSWERED(SOAR, "throttled", .worker = 2),
            ANSWERED(SOAR, "in_doubt", .index = 500), LETTER(0, "a", "budget") } },
        { "without calls nothing is known of tries", SOUND, 0, { OPEN(0, "a"), LETTER(0, "a", "budget") } },
        { "found in the topic, and nobody tells who called", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a"), FOUND(0, "a", "auth") } },
        { "one content", 1, 0, { OPEN(0, "a"), LETTER(0, "a", "conflict") } },
        { "one content, one expiresAt", 1, 0, { EXPIRING(0, "a", 500), LETTER(0, "a", "conflict"), EXPIRING(1, "a", 500) } },
        { "the other content came afterwards", 1, 0,
          { OPEN(0, "a"), LETTER(0, "a", "conflict"), PRODUCED(1, "a", .content = 1, .targets = TO_SOAR),
            EXECUTED(SOAR, "a", .content = 1) } },
        { "found in the topic, of one content", 1, 0, { OPEN(0, "a"), FOUND(0, "a", "conflict") } },
        { "for no reason that there is", 1, 0, { OPEN(0, "a"), LETTER(0, "a", "tired") } },
    };
    EXPECT_TALES(1, tales);
}

Test(proof_letters, only_what_was_refused_alone_is_refused)
{
    static const struct tale tales[] = {
        { "alone", SOUND, 0, { OPEN(0, "a"), TRIED("a", "rejected"), LETTER(0, "a", "rejected") } },
        { "together, then alone", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .limit = 2), ANSWERED(SOAR, "rejected"), TRIED("a", "too_large"),
            LETTER(0, "a", "too_large") } },
        { "written twice", SOUND, 0,
          { OPEN(0, "a"), TRIED("a", "rejected"), LETTER(0, "a", "rejected"), LETTER(0, "a", "rejected") } },
        { "alone, and its copy in company after the store forgot its claim", SOUND, 0,
          { OPEN(0, "a"), OPEN(1, "a"), TRIED("a", "rejected"), FORGOT(), CALLED(SOAR, "a", .limit = 2),
            ANSWERED(SOAR, "rejected"), LETTER(0, "a", "rejected") } },
        { "alone, and its copy in company while the store is away", SOUND, TARGET_DEGRADES,
          { OPEN(0, "a"), OPEN(1, "a"), TRIED("a", "rejected"), CALLED(SOAR, "a", .limit = 2), ANSWERED(SOAR, "rejected"),
            LETTER(0, "a", "rejected") } },
        { "the store forgot, and it never was alone", 1, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .limit = 2), FORGOT(), ANSWERED(SOAR, "rejected"), LETTER(0, "a", "rejected") } },
        { "together", 1, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .limit = 2), ANSWERED(SOAR, "rejected"), LETTER(0, "a", "rejected") } },
        { "alone, and again in company", 1, 0,
          { OPEN(0, "a"), TRIED("a", "rejected"), CALLED(SOAR, "a", .limit = 2), ANSWERED(SOAR, "rejected"),
            LETTER(0, "a", "rejected") } },
        { "refused, under way for long, and tried again meanwhile", SOUND, 0,
          { OPEN(0, "a"), TRIED("a", "rejected"), TRIED("a", "not_sent"), LETTER(0, "a", "rejected", .number = -20) } },
        { "under way for long, and never refused", 1, 0,
          { OPEN(0, "a"), TRIED("a", "not_sent"), LETTER(0, "a", "rejected", .number = -20) } },
        { "for another reason", 1, 0, { OPEN(0, "a"), TRIED("a", "too_large"), LETTER(0, "a", "rejected") } },
        { "refused, and better then", 1, 0,
          { OPEN(0, "a"), TRIED("a", "rejected"), TRIED("a", "not_sent"), LETTER(0, "a", "rejected") } },
        { "another worker was refused", 1, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .worker = 2), ANSWERED(SOAR, "rejected", .worker = 2), LETTER(0, "a", "rejected") } },
        { "the other target refused it", 1, 0,
          { PRODUCED(0, "a", .targets = TO_SOAR | TO_NOTICE), CALLED(NOTICE, "a"), EXECUTED(NOTICE, "a"),
            ANSWERED(NOTICE, "rejected"), LETTER(0, "a", "rejected") } },
        { "not answered", 1, 0, { OPEN(0, "a"), CALLED(SOAR, "a"), LETTER(0, "a", "too_large") } },
    };
    EXPECT_TALES(1, tales);
}

Test(proof_letters, what_is_given_up_was_tried_often_enough)
{
    static const struct tale tales[] = {
        { "refused three times", SOUND, 0,
          { OPEN(0, "a"), TRIED("a", "auth"), TRIED("a", "config"), TRIED("a", "auth"), LETTER(0, "a", "auth") } },
        { "answered by an error", SOUND, 0, { OPEN(0, "a"), TRIED("a", "in_doubt", .index = 500), LETTER(0, "a", "budget") } },
        { "no answer, but others are delivered", SOUND, 0,
          { OPEN(0, "a"), OPEN(1, "b"), CALLED(SOAR, "a"), CALLED(SOAR, "b", .number = 2), EXECUTED(SOAR, "b"),
            ANSWERED(SOAR, "delivered", .number = 2), ANSWERED(SOAR, "not_sent"), LETTER(0, "a", "budget") } },
        { "no answer, and one was delivered in the moment of the call", SOUND, 0,
          { OPEN(0, "a"), OPEN(1, "b"), CALLED(SOAR, "b", .number = 2), EXECUTED(SOAR, "b"),
            ANSWERED(SOAR, "delivered", .number = 2, .at = 50), CALLED(SOAR, "a", .at = 50), ANSWERED(SOAR, "not_sent"),
            LETTER(0, "a", "budget") } },
        { "no answer, and one was delivered just before the call", 1, 0,
          { OPEN(0, "a"), OPEN(1, "b"), CALLED(SOAR, "b", .number = 2), EXECUTED(SOAR, "b"),
            ANSWERED(SOAR, "delivered", .number = 2, .at = 50), CALLED(SOAR, "a", .at = 51), ANSWERED(SOAR, "not_sent"),
            LETTER(0, "a", "budget") } },
        { "refused twice", 1, 0, { OPEN(0, "a"), TRIED("a", "auth"), TRIED("a", "auth"), LETTER(0, "a", "auth") } },
        { "refused three times, the last time in company", 1, 0,
          { OPEN(0, "a"), TRIED("a", "auth"), TRIED("a", "auth"), CALLED(SOAR, "a", .limit = 2), ANSWERED(SOAR, "auth"),
            LETTER(0, "a", "auth") } },
        { "another worker's call, an outage, and the letter is of the one that called last", 1, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .worker = 2), CALLED(SOAR, "a"),
            ANSWERED(SOAR, "in_doubt", .worker = 2, .index = 500), ANSWERED(SOAR, "in_doubt"), LETTER(0, "a", "budget") } },
        { "an outage only", 1, 0, { OPEN(0, "a"), TRIED("a", "not_sent"), TRIED("a", "in_doubt"), LETTER(0, "a", "budget") } },
        { "answered by an error, in company", 1, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .limit = 2), ANSWERED(SOAR, "in_doubt", .index = 500), LETTER(0, "a", "budget") } },
        { "delivered long before", 1, 0,
          { OPEN(0, "a"), OPEN(1, "b"), CALLED(SOAR, "b"), EXECUTED(SOAR, "b"), ANSWERED(SOAR, "delivered"),
            TRIED("a", "not_sent"), LETTER(0, "a", "budget") } },
    };
    EXPECT_TALES(1, tales);
}

Test(proof_letters, what_expired_was_late)
{
    static const struct tale tales[] = {
        { "past its expiresAt", SOUND, 0, { EXPIRING(0, "a", 30), LETTER(0, "a", "expired", .at = 30) } },
        { "as old as it may be", SOUND, 0, { OPEN(0, "a"), LETTER(0, "a", "expired", .at = 10 + MAX_AGE_MS) } },
        { "by the clock of who wrote it", SOUND, 0,
          { EXPIRING(0, "a", 100), AHEAD(80), LETTER(0, "a", "expired", .at = 20) } },
        { "by a clock that was right again", SOUND, 0,
          { EXPIRING(0, "a", 100), AHEAD(80), AHEAD(0), LETTER(0, "a", "expired", .at = 40) } },
        { "found in the topic, by anybody's clock", SOUND, 0,
          { EXPIRING(0, "a", 100), AHEAD(80), FOUND(0, "a", "expired", .at = 20) } },
        { "found in the topic, and seen late", SOUND, 0,
          { EXPIRING(0, "a", 100), FOUND(0, "a", "expired", .at = 20, .number = 80) } },
        { "before its expiresAt", 1, 0, { EXPIRING(0, "a", 31), LETTER(0, "a", "expired", .at = 30) } },
        { "not yet as old as it may be", 1, 0, { OPEN(0, "a"), LETTER(0, "a", "expired", .at = 9 + MAX_AGE_MS) } },
        { "an expiresAt far away makes it no younger", SOUND, 0,
          { EXPIRING(0, "a", 1000000), LETTER(0, "a", "expired", .at = 10 + MAX_AGE_MS) } },
        { "by another worker's clock", 1, 0,
          { EXPIRING(0, "a", 100), AHEAD(80, .worker = 2), LETTER(0, "a", "expired", .at = 20) } },
        { "by a clock that is behind", 1, 0, { EXPIRING(0, "a", 100), AHEAD(-80), LETTER(0, "a", "expired", .at = 99) } },
        { "found in the topic before its time", 1, 0,
          { EXPIRING(0, "a", 100), FOUND(0, "a", "expired", .at = 20, .number = 79) } },
    };
    EXPECT_TALES(1, tales);
}

Test(proof_letters, what_is_unconfirmed_is_in_doubt)
{
    static const struct tale tales[] = {
        { "in doubt under hold", SOUND, TARGET_HOLDS,
          { OPEN(0, "a"), TRIED("a", "in_doubt"), LETTER(0, "a", "unconfirmed") } },
        { "who called it was another", SOUND, TARGET_HOLDS,
          { OPEN(0, "a"), CALLED(SOAR, "a", .worker = 2), ANSWERED(SOAR, "in_doubt", .worker = 2),
            LETTER(0, "a", "unconfirmed") } },
        { "taken over from one that may have sent it", SOUND, TARGET_HOLDS,
          { OPEN(0, "a"), CALLED(SOAR, "a", .worker = 2), STOPPED("killed", .worker = 2), TAKEN("a"),
            LETTER(0, "a", "unconfirmed") } },
        { "more often than the policy bears", SOUND, 0,
          { OPEN(0, "a"), TRIED("a", "in_doubt"), RESENT("a", 1), TRIED("a", "in_doubt"), RESENT("a", 2), TRIED("a", "in_doubt"),
            LETTER(0, "a", "unconfirmed") } },
        { "its end may be forgotten", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CALLED(SOAR, "b"), ANSWERED(SOAR, "not_sent"), FORGOT(), WARNED(11), LETTER(0, "a", "unconfirmed") } },
        { "given up by one that knew of the loss", SOUND, TARGET_HOLDS | TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CALLED(SOAR, "b"), FORGOT(), WARNED(11, .worker = 2), KEY("a", "-", "C", .worker = 2),
            KEY("a", "C", "I", .worker = 2, .number = 1, .flags = KEY_GIVEN_UP), LETTER(0, "a", "unconfirmed") } },
        { "found in the topic, of a target that bears so much doubt and no more", SOUND, 0,
          { OPEN(0, "a"), FOUND(0, "a", "unconfirmed") } },
        { "found in the topic, of a target that bears any doubt", 1, 0,
          { PRODUCED(0, "a", .targets = TO_NOTICE), FOUND(0, "a", "unconfirmed", .target = NOTICE) } },
        { "an outage", 1, TARGET_HOLDS, { OPEN(0, "a"), TRIED("a", "not_sent"), LETTER(0, "a", "unconfirmed") } },
        { "not carried out", 1, TARGET_HOLDS, { OPEN(0, "a"), TRIED("a", "not_executed"), LETTER(0, "a", "unconfirmed") } },
        { "taken over from one that was idle", 1, TARGET_HOLDS,
          { OPEN(0, "a"), CALLED(SOAR, "a", .worker = 2), ANSWERED(SOAR, "not_sent", .worker = 2),
            KEY("a", "C", "I", .worker = 2), KEY("a", "I", "C", .at = 2 * LEASE_MS), LETTER(0, "a", "unconfirmed") } },
        { "its own doubt in its own claim", 1, TARGET_HOLDS,
          { OPEN(0, "a"), CALLED(SOAR, "a"), KEY("a", "C", "C", .number = 1), LETTER(0, "a", "unconfirmed") } },
        { "as often as the policy bears", 1, 0,
          { OPEN(0, "a"), TRIED("a", "in_doubt"), RESENT("a", 1), TRIED("a", "in_doubt"), LETTER(0, "a", "unconfirmed") } },
        { "another is in doubt", 1, TARGET_HOLDS,
          { OPEN(0, "a"), OPEN(1, "b"), TRIED("b", "in_doubt"), LETTER(0, "a", "unconfirmed"), LETTER(1, "b", "unconfirmed") } },
        { "produced after the loss", 1, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CALLED(SOAR, "b"), FORGOT(), WARNED(10), LETTER(0, "a", "unconfirmed") } },
        { "another worker knows of the loss", 1, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CALLED(SOAR, "b"), FORGOT(), WARNED(11, .worker = 2), LETTER(0, "a", "unconfirmed") } },
        { "given up by one that knew of no loss since", 1, TARGET_HOLDS | TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CALLED(SOAR, "b"), FORGOT(), WARNED(10, .worker = 2), KEY("a", "-", "C", .worker = 2),
            KEY("a", "C", "I", .worker = 2, .number = 1, .flags = KEY_GIVEN_UP), LETTER(0, "a", "unconfirmed") } },
        { "given up under a policy that goes on after a loss", 1, TARGET_HOLDS,
          { OPEN(0, "a"), CALLED(SOAR, "b"), FORGOT(), WARNED(11, .worker = 2), KEY("a", "-", "C", .worker = 2),
            KEY("a", "C", "I", .worker = 2, .number = 1, .flags = KEY_GIVEN_UP), LETTER(0, "a", "unconfirmed") } },
        { "the policy goes on after a loss", 1, 0,
          { OPEN(0, "a"), CALLED(SOAR, "b"), FORGOT(), WARNED(11), LETTER(0, "a", "unconfirmed") } },
        { "somebody has it sent again after a loss", 1, TARGET_HOLDS_AMNESIA,
          { PRODUCED(0, "a", .targets = TO_SOAR, .flags = PRODUCED_REPLAY), CALLED(SOAR, "b"), FORGOT(), WARNED(11),
            LETTER(0, "a", "unconfirmed") } },
    };
    EXPECT_TALES(1, tales);
}

Test(proof_letters, what_has_no_target_is_parked_for_that)
{
    static const struct tale tales[] = {
        { "unreadable", SOUND, 0, { UNREADABLE(0), UNTARGETED(0, NULL, "bad_input.json") } },
        { "unreadable, as the world tells it", SOUND, 0, { UNREADABLE(0), UNTARGETED(0, NULL, "bad_input") } },
        { "no route", SOUND, 0, { UNROUTED(0, "a"), UNTARGETED(0, "a", "no_route") } },
        { "unreadable, and no route is told", 1, 0, { UNREADABLE(0), UNTARGETED(0, NULL, "no_route") } },
        { "readable, and it is told otherwise", 1, 0, { UNROUTED(0, "a"), UNTARGETED(0, "a", "bad_input.json") } },
        { "of no route, and refused", 1, 0, { UNROUTED(0, "a"), UNTARGETED(0, "a", "rejected") } },
        { "of a route, and unreadable is told", 1, 0, { OPEN(0, "a"), LETTER(0, "a", "bad_input.json") } },
        { "of a route, and none is told", 1, 0, { OPEN(0, "a"), LETTER(0, "a", "no_route") } },
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
        { "a call of an assignment before is under way", SOUND, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), REVOKED(.number = 100, .limit = 100),
            ASSIGNED(.epoch = 2), REVOKED(.epoch = 2, .number = 1, .limit = 100) } },
        { "of two assignments a call each", 18, 0,
          { OPEN(0, "a"), OPEN(1, "b"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"),
            REVOKED(.number = 100, .limit = 100), ASSIGNED(.epoch = 2), CALLED(SOAR, "b", .number = 2), EXECUTED(SOAR, "b"),
            REVOKED(.epoch = 2, .number = 1, .limit = 100) } },
    };
    EXPECT_TALES(18, tales);
}

#define LEAVES(after_ms) STOPPED("drained", .offset = (after_ms), .limit = 100)

Test(proof_letters, who_is_asked_to_leave_finishes_its_calls)
{
    static const struct tale tales[] = {
        { "nothing under way", SOUND, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), ANSWERED(SOAR, "delivered"), LEAVES(5) } },
        { "the time is over", SOUND, 0, { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), LEAVES(100) } },
        { "it is not said how long", SOUND, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), STOPPED("forced", .offset = 5),
            STOPPED("drained", .worker = 2, .offset = 5, .limit = 100) } },
        { "another worker's call", SOUND, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a", .worker = 2), EXECUTED(SOAR, "a"), LEAVES(5) } },
        { "a call is under way", 18, 0, { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), LEAVES(99) } },
        { "a call of partitions that were given back", 18, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), REVOKED(.number = 50, .limit = 50),
            ASSIGNED(.epoch = 2), REVOKED(.epoch = 2), LEAVES(60) } },
        { "a call of partitions that were lost", 18, 0,
          { OPEN(0, "a"), ASSIGNED(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), LOST(), LEAVES(60) } },
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
