/* test_kafka_group.c: the model of the group's coordinator (tests/sim/coordinator.c) answers as a real one does: members that
 * join, leave, fall silent, and commit when they may and when they may not. */
#include "tests/sim/coordinator.h"
#include "tests/support/draw.h"
#include "tests/wire/kafka_group_wire.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <unistd.h>

/* Long times never run out within a test; short ones are waited for. */
enum { SEATS = 3, STEPS = 400, SEEDS = 3, LONG_MS = 60000, SHORT_MS = 1000, GRACE_MS = 10000, PARTITIONS = 1 };

/* A member as the broker and as the model knows it. Life 0 = it was never one. */
struct seat {
    struct wire_member real;
    uint32_t life, generation;      /* of the model; generation: what it was given last */
    bool inside;
};

struct both {
    struct coordinator model;
    struct seat seats[SEATS];
    const char *group, *topic;
    uint64_t draws;
    uint32_t lives, seed, step;
    ms_t now_ms;
    int64_t offset;
    uint64_t met[4];                /* how often each answer to a commit was given */
};

static struct both both;

static int
code_of(enum coordinator_answer answer)
{
    switch (answer) {
    case COORDINATOR_OK:
        return KAFKA_NONE;
    case COORDINATOR_ILLEGAL_GENERATION:
        return KAFKA_ILLEGAL_GENERATION;
    case COORDINATOR_UNKNOWN_MEMBER:
        return KAFKA_UNKNOWN_MEMBER;
    case COORDINATOR_REBALANCE:
        return KAFKA_REBALANCE;
    }
    return -1;
}

static void
begin(const char *label, uint64_t seed)
{
    both = (struct both){ .draws = seed, .seed = (uint32_t)seed };
    both.group = world_name(label);
    both.topic = world_topic(label, PARTITIONS, NULL);
    wire_find_coordinator(both.group);
    for (int i = 0; i < SEATS; i++) {
        both.seats[i].real = (struct wire_member){ .group = both.group, .session_ms = LONG_MS, .rebalance_ms = LONG_MS };
        wire_open(&both.seats[i].real);
    }
}

static void
end(void)
{
    for (int i = 0; i < SEATS; i++)
        wire_close(&both.seats[i].real);
}

/* ---- one thing at both --------------------------------------------------------------------------------------------------- */

/* The model says that all are there: so must the broker, and under the same number. */
static void
review(void)
{
    if (!coordinator_review(&both.model, PARTITIONS, both.now_ms))
        return;
    for (int i = 0; i < SEATS; i++) {
        struct seat *seat = &both.seats[i];
        int error = -1;
        const struct group_member *member = coordinator_member(&both.model, seat->life);
        if (!seat->inside || !member)
            continue;
        cr_assert(wire_joined(&seat->real, GRACE_MS, &error), "seed %u, step %u: seat %d waits", both.seed, both.step, i);
        cr_expect_eq(error, KAFKA_NONE);
        seat->generation = member->generation;
        cr_expect_eq((uint32_t)seat->real.generation, seat->generation, "seed %u, step %u: generation %d, the model says %u",
                     both.seed, both.step, seat->real.generation, seat->generation);
    }
    for (int leads = 1; leads >= 0; leads--)
        for (int i = 0; i < SEATS; i++)
            if (both.seats[i].inside && both.seats[i].real.leads == leads && coordinator_member(&both.model, both.seats[i].life))
                cr_expect_eq(wire_sync(&both.seats[i].real), KAFKA_NONE);
}

/* The broker takes requests of different connections in no order: a join that waits must have come in before the next one. */
static void
await_members(struct seat *seat)
{
    for (int i = 0; i < GRACE_MS && wire_members(&seat->real) != both.model.n; i++)
        usleep(1000);
}

static void
joins(struct seat *seat)
{
    seat->real.id[0] = '\0';
    seat->real.leads = false;
    seat->life = ++both.lives;
    seat->inside = true;
    coordinator_join(&both.model, (uint32_t)(seat - both.seats), seat->life, both.now_ms);
    coordinator_prepare(&both.model, both.now_ms + LONG_MS);
    wire_join(&seat->real);
    await_members(seat);
    review();
}

static void
joins_again(struct seat *seat)
{
    struct group_member *member = coordinator_member(&both.model, seat->life);
    if (!member || member->state != MEMBER_ASKED)
        return;
    coordinator_rejoin(member);
    wire_join(&seat->real);
    review();
}

static bool
waits(const struct seat *seat)
{
    const struct group_member *member = coordinator_member(&both.model, seat->life);
    return member && member->state == MEMBER_JOINING;
}

static void
leaves(struct seat *seat)
{
    int error = -1;
    struct group_member *member = coordinator_member(&both.model, seat->life);
    bool waited = waits(seat);
    if (!member || (waited && !seat->real.id[0]))
        return;
    coordinator_leave(&both.model, member);
    coordinator_prepare(&both.model, both.now_ms + LONG_MS);
    cr_expect_eq(wire_leave(&seat->real), KAFKA_NONE);
    if (waited)
        cr_expect(wire_joined(&seat->real, GRACE_MS, &error) && error == KAFKA_UNKNOWN_MEMBER);
    seat->inside = false;
    review();
}

static void
commits(struct seat *seat, uint32_t generation)
{
    if (!seat->real.id[0])
        return;
    enum coordinator_answer model = coordinator_commit(&both.model, seat->life, generation);
    int real = wire_commit(&seat->real, (int32_t)generation, both.topic, both.offset++);
    cr_expect_eq(real, code_of(model), "seed %u, step %u: a commit of generation %u is answered by %d, the model says %d",
                 both.seed, both.step, generation, real, code_of(model));
    both.met[model]++;
}

static void
beats(struct seat *seat, uint32_t generation)
{
    if (!seat->real.id[0])
        return;
    enum coordinator_answer model = coordinator_heartbeat(&both.model, seat->life, generation, both.now_ms);
    int real = wire_heartbeat(&seat->real, (int32_t)generation);
    cr_expect_eq(real, code_of(model), "seed %u, step %u: a heartbeat of generation %u is answered by %d, the model says %d",
                 both.seed, both.step, generation, real, code_of(model));
}

/* ---- random ones --------------------------------------------------------------------------------------------------------- */

static void
step(void)
{
    struct seat *seat = &both.seats[draw(&both.draws, SEATS)];
    uint32_t wrong = draw(&both.draws, 4);
    uint32_t generation = seat->generation + (wrong == 0) - (wrong == 1 && seat->generation > 0);
    switch (draw(&both.draws, 8)) {
    case 0:
        if (!seat->inside)
            joins(seat);
        break;
    case 1:
    case 2:
        joins_again(seat);
        break;
    case 3:
        if (draw(&both.draws, 3) == 0)
            leaves(seat);
        break;
    case 4:
    case 5:
        beats(seat, generation);
        break;
    default:
        commits(seat, generation);
        break;
    }
}

Test(kafka_group, the_model_answers_as_the_coordinator_does, .timeout = 60)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin("model", seed);
        for (both.step = 0; both.step < STEPS; both.step++)
            step();
        cr_expect(both.met[COORDINATOR_OK] > 10 && both.met[COORDINATOR_ILLEGAL_GENERATION] > 10 &&
                  both.met[COORDINATOR_UNKNOWN_MEMBER] > 10, "%lu, %lu, %lu", (unsigned long)both.met[COORDINATOR_OK],
                  (unsigned long)both.met[COORDINATOR_ILLEGAL_GENERATION], (unsigned long)both.met[COORDINATOR_UNKNOWN_MEMBER]);
        end();
    }
}

/* ---- those that take time ------------------------------------------------------------------------------------------------ */

/* Heartbeats of the one that lives until it is asked to join again. */
static bool
is_asked_within(struct seat *seat, int ms)
{
    for (int left = ms; left > 0; left -= 50) {
        if (wire_heartbeat(&seat->real, (int32_t)seat->generation) == KAFKA_REBALANCE)
            return true;
        usleep(50000);
    }
    return false;
}

Test(kafka_group, a_silent_member_is_put_out_and_its_commits_are_refused, .timeout = 60)
{
    struct seat *silent = &both.seats[0], *lives = &both.seats[1];
    begin("silent", 1);
    silent->real.session_ms = SHORT_MS;
    joins(silent);
    joins(lives);
    joins_again(silent);
    commits(silent, silent->generation);
    commits(lives, lives->generation);
    both.now_ms += 2 * SHORT_MS;
    coordinator_heartbeat(&both.model, lives->life, lives->generation, both.now_ms);
    cr_assert(is_asked_within(lives, GRACE_MS));
    cr_assert(coordinator_looks(&both.model, SHORT_MS, both.now_ms));
    coordinator_prepare(&both.model, both.now_ms + LONG_MS);
    silent->inside = false;
    commits(silent, silent->generation);
    beats(silent, silent->generation);
    commits(lives, lives->generation);
    joins_again(lives);
    commits(silent, silent->generation);
    commits(lives, lives->generation - 1);
    commits(lives, lives->generation);
    cr_expect_eq(both.met[COORDINATOR_UNKNOWN_MEMBER], 2);
    end();
}

Test(kafka_group, who_does_not_join_in_time_is_left_behind, .timeout = 60)
{
    struct seat *late = &both.seats[0], *first = &both.seats[1], *second = &both.seats[2];
    begin("late", 1);
    for (int i = 0; i < SEATS; i++)
        both.seats[i].real.rebalance_ms = SHORT_MS;
    joins(late);
    joins(first);
    joins_again(late);
    uint32_t before = late->generation;
    joins(second);
    commits(late, late->generation);            /* the rebalance is under way, it is not over */
    joins_again(first);
    commits(first, first->generation);
    both.now_ms += LONG_MS;
    late->inside = false;
    review();                                   /* waits for the broker to come to the same */
    cr_expect_eq(first->generation, before + 1);
    commits(late, before);
    beats(late, before);
    commits(first, before);
    commits(first, first->generation);
    commits(second, second->generation);
    cr_expect_eq(both.met[COORDINATOR_UNKNOWN_MEMBER], 1);
    cr_expect_eq(both.met[COORDINATOR_ILLEGAL_GENERATION], 1);
    end();
}

/* Between join and sync a member knows its generation and has nothing to commit yet: the one moment of which the model knows
 * nothing. The answer is dropped like that of another generation. */
Test(kafka_group, a_commit_between_join_and_sync_is_answered_by_a_rebalance, .timeout = 60)
{
    struct seat *seat = &both.seats[0];
    int error = -1;
    begin("between", 1);
    wire_join(&seat->real);
    cr_assert(wire_joined(&seat->real, GRACE_MS, &error));
    cr_assert_eq(error, KAFKA_NONE);
    cr_expect_eq(wire_commit(&seat->real, seat->real.generation, both.topic, 1), KAFKA_REBALANCE);
    cr_expect_eq(wire_sync(&seat->real), KAFKA_NONE);
    cr_expect_eq(wire_commit(&seat->real, seat->real.generation, both.topic, 1), KAFKA_NONE);
    end();
}
