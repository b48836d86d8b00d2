/* course_break.c: one wrong fact in a correct history, for each invariant. */
#include "tests/proof/course.h"

#include "tests/support/draw.h"

#include <string.h>

enum { SOAR = 1, FACTS_MAX = 4096 };

/* A history to be broken; `at` is the fact that was drawn. */
struct broken {
    struct history *history;
    uint64_t draws;
    size_t at;
};

static struct fact *
fact_at(const struct broken *broken)
{
    return &broken->history->facts[broken->at];
}

static bool
has_word(const struct broken *broken, const struct fact *fact, const char *word)
{
    return strcmp(history_name(broken->history, fact->word), word) == 0;
}

/* Draws one of the facts of that kind and word (NULL = any). */
static bool
draw_fact(struct broken *broken, enum fact_kind kind, const char *word)
{
    static size_t places[FACTS_MAX];
    uint32_t n = 0;
    for (size_t i = 0; i < broken->history->n && n < FACTS_MAX; i++)
        if (broken->history->facts[i].kind == kind && (!word || has_word(broken, &broken->history->facts[i], word)))
            places[n++] = i;
    if (n > 0)
        broken->at = places[draw(&broken->draws, n)];
    return n > 0;
}

/* Puts a fact right behind that place. */
static void
insert(struct broken *broken, size_t behind, struct fact fact)
{
    struct history *history = broken->history;
    fact.at = history->facts[behind].at;
    history_add(history, &fact);
    memmove(&history->facts[behind + 2], &history->facts[behind + 1], (history->n - behind - 2) * sizeof(fact));
    history->facts[behind + 1] = fact;
}

static void
take_out(struct broken *broken, size_t place)
{
    struct history *history = broken->history;
    memmove(&history->facts[place], &history->facts[place + 1], (--history->n - place) * sizeof(*history->facts));
}

/* Everything that tells of the end of a delivery: executed or parked, at every target. */
static void
take_out_ends(struct broken *broken, const struct fact *event)
{
    const struct fact like = *event;
    for (size_t i = broken->history->n; i-- > 0;) {
        const struct fact *fact = &broken->history->facts[i];
        bool end = fact->kind == FACT_EXECUTED || fact->kind == FACT_PARKED || fact->kind == FACT_JOURNALED;
        if (end && fact->id == like.id)
            take_out(broken, i);
    }
}

/* ---- one for each -------------------------------------------------------------------------------------------------------- */

/* Nothing tells of an end; or what was refused alone was refused in company, and parked all the same. */
static bool
break_1(struct broken *broken)
{
    if (draw(&broken->draws, 4) == 0 && draw_fact(broken, FACT_PARKED, NULL)) {
        size_t place = broken->at;
        while (broken->history->facts[place].kind != FACT_CALLED || broken->history->facts[place].id != fact_at(broken)->id)
            place--;
        broken->history->facts[place].limit = 2;
        return true;
    }
    if (!draw_fact(broken, FACT_PRODUCED, NULL))
        return false;
    take_out_ends(broken, fact_at(broken));
    return true;
}

/* A commit right behind the moment at which a record was produced. */
static bool
break_2(struct broken *broken)
{
    if (!draw_fact(broken, FACT_POLLED, NULL))
        return false;
    struct fact commit = *fact_at(broken);
    commit.kind = FACT_COMMITTED;
    commit.offset++;
    insert(broken, broken->at, commit);
    return true;
}

static bool
break_3(struct broken *broken)
{
    if (!draw_fact(broken, FACT_COMMITTED, NULL) || fact_at(broken)->offset == 0)
        return false;
    struct fact commit = *fact_at(broken);
    commit.offset = (int64_t)draw(&broken->draws, (uint32_t)commit.offset);
    insert(broken, broken->at, commit);
    return true;
}

static bool
break_4(struct broken *broken)
{
    if (!draw_fact(broken, FACT_COMMITTED, NULL))
        return false;
    fact_at(broken)->epoch++;
    return true;
}

static bool
break_5(struct broken *broken)
{
    if (!draw_fact(broken, FACT_EXECUTED, NULL))
        return false;
    fact_at(broken)->content = 1;
    return true;
}

static bool
break_6(struct broken *broken)
{
    if (!draw_fact(broken, FACT_SHOWN, NULL))
        return false;
    insert(broken, broken->at + draw(&broken->draws, (uint32_t)(broken->history->n - broken->at)), *fact_at(broken));
    return true;
}

/* A re-send loses its line, or an execution comes twice. */
static bool
break_7(struct broken *broken)
{
    if (draw(&broken->draws, 2) && draw_fact(broken, FACT_JOURNALED, "resend")) {
        for (size_t i = broken->at; i < broken->history->n; i++)
            if (broken->history->facts[i].kind == FACT_EXECUTED && broken->history->facts[i].id == fact_at(broken)->id &&
                broken->history->facts[i].target == SOAR) {
                take_out(broken, broken->at);
                return true;
            }
    }
    if (!draw_fact(broken, FACT_EXECUTED, NULL) || fact_at(broken)->target != SOAR)
        return false;
    struct fact again = *fact_at(broken);
    insert(broken, broken->at, again);
    insert(broken, broken->at, again);
    return true;
}

/* The next one of the lane is carried out before. */
static bool
break_8(struct broken *broken)
{
    if (!draw_fact(broken, FACT_PRODUCED, NULL) || !fact_at(broken)->lane || !(fact_at(broken)->targets & 1u << SOAR))
        return false;
    const struct fact before = *fact_at(broken);
    for (size_t i = broken->at + 1; i < broken->history->n; i++) {
        const struct fact *fact = &broken->history->facts[i];
        if (fact->kind != FACT_PRODUCED || fact->partition != before.partition || fact->lane != before.lane ||
            !(fact->targets & 1u << SOAR))
            continue;
        struct fact executed = { .kind = FACT_EXECUTED, .target = SOAR, .id = fact->id };
        insert(broken, broken->at, executed);
        return true;
    }
    return false;
}

static bool
break_9(struct broken *broken)
{
    if (!draw_fact(broken, FACT_BEGUN, NULL))
        return false;
    struct fact call = *fact_at(broken);
    call.worker = call.worker + 1000;
    call.number = 1;
    insert(broken, broken->at, call);
    call.kind = FACT_CALLED;
    insert(broken, broken->at, call);
    return true;
}

static bool
break_10(struct broken *broken)
{
    if (!draw_fact(broken, FACT_KEY, "C") || strcmp(history_name(broken->history, fact_at(broken)->other), "D") != 0)
        return false;
    struct fact key = *fact_at(broken);
    key.word = fact_at(broken)->other;
    key.other = fact_at(broken)->word;
    insert(broken, broken->at, key);
    return true;
}

/* The leader is said to be one that was parked, or nobody; or it is of another window. */
static bool
break_11(struct broken *broken)
{
    if (!draw_fact(broken, FACT_JOURNALED, "duplicate") || !fact_at(broken)->other)
        return false;
    if (draw(&broken->draws, 2)) {
        fact_at(broken)->other = fact_at(broken)->id;
        return true;
    }
    for (size_t i = 0; i < broken->at; i++)
        if (broken->history->facts[i].kind == FACT_PRODUCED && broken->history->facts[i].id == fact_at(broken)->id)
            broken->history->facts[i].keys = fact_at(broken)->other;
    return true;
}

static bool
break_12(struct broken *broken)
{
    if (!draw_fact(broken, FACT_GAUGED, "records"))
        return false;
    fact_at(broken)->number = fact_at(broken)->limit + 1;
    return true;
}

static bool
break_13(struct broken *broken)
{
    if (!draw_fact(broken, FACT_GAUGED, "opened"))
        return false;
    fact_at(broken)->number += draw(&broken->draws, 2) ? 1 : -1;
    return true;
}

static bool
break_14(struct broken *broken)
{
    if (!draw_fact(broken, FACT_PARKED, NULL))
        return false;
    if (draw(&broken->draws, 2))
        fact_at(broken)->hash ^= UINT64_C(1) << draw(&broken->draws, 64);
    else
        fact_at(broken)->index++;
    return true;
}

/* Of a replay of what was parked nothing is told; or what is done is carried out once more for it. */
static bool
break_15(struct broken *broken)
{
    if (!draw_fact(broken, FACT_PRODUCED, NULL) || fact_at(broken)->flags != PRODUCED_REPLAY)
        return false;
    const struct fact replay = *fact_at(broken);
    int32_t target = replay.targets == 1u << SOAR ? SOAR : 0;
    bool is_done = false, was_sent = false;
    for (size_t i = 0; i < broken->at; i++) {
        const struct fact *fact = &broken->history->facts[i];
        bool same = fact->id == replay.id && fact->target == target;
        is_done |= same && fact->kind == FACT_KEY && strcmp(history_name(broken->history, fact->other), "D") == 0;
        was_sent |= same && fact->kind == FACT_EXECUTED;
    }
    if (is_done && target == SOAR) {
        insert(broken, broken->at, (struct fact){ .kind = FACT_EXECUTED, .worker = 1, .target = target, .id = replay.id });
        insert(broken, broken->at, (struct fact){ .kind = FACT_CALLED, .worker = 1, .target = target, .id = replay.id });
        return true;
    }
    for (size_t i = broken->history->n; !was_sent && i-- > broken->at + 1;)
        if (broken->history->facts[i].id == replay.id && broken->history->facts[i].target == target)
            take_out(broken, i);
    return !was_sent;
}

/* Told to wait, and the next call of that worker comes a moment after it. */
static bool
break_16(struct broken *broken)
{
    if (!draw_fact(broken, FACT_ANSWERED, "throttled") || fact_at(broken)->limit < 2)
        return false;
    const struct fact told = *fact_at(broken);
    for (size_t i = broken->at + 1; i < broken->history->n; i++) {
        struct fact call = broken->history->facts[i];
        if (call.kind != FACT_CALLED || call.worker != told.worker || call.target != told.target)
            continue;
        take_out(broken, i);
        insert(broken, broken->at, call);
        broken->history->facts[broken->at + 1].at++;
        return true;
    }
    return false;
}

static bool
break_17(struct broken *broken)
{
    if (draw(&broken->draws, 2) && draw_fact(broken, FACT_RESTED, NULL)) {
        take_out(broken, broken->at);
        return true;
    }
    if (!draw_fact(broken, FACT_CALM, NULL))
        return false;
    fact_at(broken)->number = 1;
    return true;
}

/* What was read last before a drain is read again after it. */
static bool
break_18(struct broken *broken)
{
    if (!draw_fact(broken, FACT_STOPPED, NULL))
        return false;
    for (size_t i = broken->at; i-- > 0;) {
        struct fact polled = broken->history->facts[i];
        if (polled.kind != FACT_POLLED || polled.worker != fact_at(broken)->worker)
            continue;
        polled.worker++;
        insert(broken, broken->at, polled);
        return true;
    }
    return false;
}

static bool
break_19(struct broken *broken)
{
    if (!draw_fact(broken, FACT_SEARCHED, NULL))
        return false;
    insert(broken, broken->at, (struct fact){ .kind = FACT_SPILT, .target = -1, .word = fact_at(broken)->word });
    return true;
}

static bool
break_20(struct broken *broken)
{
    if (!draw_fact(broken, FACT_TRACED, NULL))
        return false;
    fact_at(broken)->hash++;
    return true;
}

bool
course_break(struct history *history, int invariant, uint64_t seed)
{
    static bool (*const breaks[INVARIANT_COUNT])(struct broken *) = {
        NULL,     break_1,  break_2,  break_3,  break_4,  break_5,  break_6,  break_7,  break_8,  break_9, break_10,
        break_11, break_12, break_13, break_14, break_15, break_16, break_17, break_18, break_19, break_20,
    };
    struct broken broken = { .history = history, .draws = seed };
    return breaks[invariant] && breaks[invariant](&broken);
}
