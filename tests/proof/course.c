/* course.c: a correct run, event by event: each is produced, read, called for, carried out or parked, told, and committed. */
#include "tests/proof/course.h"

#include "tests/support/draw.h"

#include <stdio.h>
#include <string.h>

enum { PARTITIONS = 3, ROUNDS = 60, NOTICE = 0, SOAR = 1, LEASE_MS = 10000, WAIT_MAX_MS = 5000, HOUR_MS = 3600000 };

struct course {
    struct history *history;
    uint64_t draws;
    int64_t at;
    int64_t ends[PARTITIONS], calls;
    int64_t doubt;              /* of the event at hand, at the target at hand */
    uint32_t worker, epoch, events;
};

static uint32_t
text_of(struct course *course, const char *prefix, uint32_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%s%u", prefix, number);
    return history_text(course->history, text, strlen(text));
}

static uint32_t
word_of(struct course *course, const char *word)
{
    return history_text(course->history, word, strlen(word));
}

static void
tell(struct course *course, struct fact fact)
{
    course->at += 1 + draw(&course->draws, 5);
    fact.at = course->at;
    history_add(course->history, &fact);
}

static struct fact
of(struct course *course, enum fact_kind kind, const struct fact *event, int32_t target)
{
    return (struct fact){ .kind = kind, .worker = course->worker, .target = target, .partition = event->partition,
                          .offset = event->offset, .index = event->index, .epoch = course->epoch, .id = event->id,
                          .content = event->content };
}

/* ---- an event ------------------------------------------------------------------------------------------------------------ */

static void
key(struct course *course, const struct fact *event, int32_t target, const char *from, const char *to)
{
    struct fact fact = of(course, FACT_KEY, event, target);
    fact.word = word_of(course, from);
    fact.other = word_of(course, to);
    bool begins = strcmp(to, "C") == 0 && strcmp(from, "C") != 0;
    fact.flags = (event->flags & PRODUCED_REPLAY ? KEY_REPLAY : 0) | (begins ? KEY_BEGINS : 0);
    fact.number = fact.limit = course->doubt;
    tell(course, fact);
}

static void
journal(struct course *course, const struct fact *event, int32_t target, const char *word, uint32_t leader)
{
    struct fact fact = of(course, FACT_JOURNALED, event, target);
    fact.word = word_of(course, word);
    fact.other = leader;
    fact.number = course->doubt;
    tell(course, fact);
}

static void
call(struct course *course, const struct fact *event, int32_t target, const char *word, int64_t wait_ms)
{
    struct fact fact = of(course, FACT_CALLED, event, target);
    fact.number = ++course->calls;
    fact.limit = 1;
    tell(course, fact);
    fact.kind = FACT_BEGUN;
    tell(course, fact);
    if (strcmp(word, "delivered") == 0 || strcmp(word, "in_doubt") == 0)
        tell(course, of(course, FACT_EXECUTED, event, target));
    fact.kind = FACT_ANSWERED;
    fact.word = word_of(course, word);
    fact.limit = wait_ms;
    tell(course, fact);
    course->at += wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

static void
park(struct course *course, const struct fact *event, int32_t target)
{
    struct fact fact = of(course, FACT_PARKED, event, target);
    fact.word = word_of(course, "rejected");
    fact.hash = event->hash;
    tell(course, fact);
    journal(course, event, target, "parked", 0);
}

static void
refuse(struct course *course, const struct fact *event, int32_t target)
{
    call(course, event, target, "rejected", 0);
    park(course, event, target);
    key(course, event, target, "C", course->doubt ? "U" : "X");
}

static void
accept(struct course *course, const struct fact *event, int32_t target)
{
    call(course, event, target, "delivered", 0);
    for (uint32_t user = 0; target == NOTICE && user < 2; user++) {
        struct fact fact = of(course, FACT_SHOWN, event, target);
        fact.user = text_of(course, "u", user);
        tell(course, fact);
    }
    key(course, event, target, "C", "D");
    journal(course, event, target, "delivered", 0);
}

/* Somebody puts the record back: what is done stays done, what was parked is tried anew. */
static void
replay(struct course *course, const struct fact *event, int32_t target, bool is_done)
{
    struct fact again = *event;
    again.flags = PRODUCED_REPLAY;
    again.offset = course->ends[event->partition]++;
    again.hash = event->hash + 2;
    again.lane = 0;
    again.targets = 1u << target;
    tell(course, again);
    if (is_done) {
        journal(course, &again, target, "duplicate", 0);
        return;
    }
    key(course, &again, target, course->doubt ? "U" : "X", "C");
    if (course->doubt)
        journal(course, &again, target, "resend", 0);
    if (draw(&course->draws, 2))
        refuse(course, &again, target);
    else
        accept(course, &again, target);
}

static void
deliver(struct course *course, const struct fact *event, int32_t target)
{
    course->doubt = 0;
    key(course, event, target, "-", "C");
    if (draw(&course->draws, 8) == 0)
        call(course, event, target, "throttled", 1 + draw(&course->draws, 2 * WAIT_MAX_MS));
    if (target == SOAR && draw(&course->draws, 8) == 0) {
        call(course, event, target, "in_doubt", 0);
        course->doubt = 1;
        journal(course, event, target, "resend", 0);
        key(course, event, target, "C", "C");
    }
    if (draw(&course->draws, 8) == 0) {
        refuse(course, event, target);
        if (draw(&course->draws, 3) == 0)
            replay(course, event, target, false);
        return;
    }
    accept(course, event, target);
    if (draw(&course->draws, 8) == 0)
        replay(course, event, target, true);
    if (draw(&course->draws, 4) > 0)
        return;
    struct fact twin = { .kind = FACT_PRODUCED, .target = -1, .partition = event->partition, .hash = event->hash + 1,
                         .offset = course->ends[event->partition]++, .id = text_of(course, "t", course->events++),
                         .targets = 1u << target, .keys = event->keys, .windows = event->windows, .limit = event->limit };
    tell(course, twin);
    journal(course, &twin, target, "duplicate", event->id);
}

static struct fact
produce(struct course *course)
{
    int32_t partition = (int32_t)draw(&course->draws, PARTITIONS);
    uint32_t lane = draw(&course->draws, 4);
    struct fact event = { .kind = FACT_PRODUCED, .target = -1, .partition = partition };
    event.hash = 1 + draw(&course->draws, 1u << 30);
    course->ends[partition] += draw(&course->draws, 10) == 0 ? 3 : 0;
    event.offset = course->ends[partition]++;
    event.id = text_of(course, "e", course->events++);
    event.lane = lane ? text_of(course, "k", lane) : 0;
    event.targets = event.windows = 1 + draw(&course->draws, 3);
    event.keys = text_of(course, "w", course->events);
    event.limit = HOUR_MS;
    tell(course, event);
    struct fact polled = of(course, FACT_POLLED, &event, -1);
    polled.id = polled.content = 0;
    tell(course, polled);
    return event;
}

/* ---- workers ------------------------------------------------------------------------------------------------------------- */

static void
each_partition(struct course *course, enum fact_kind kind)
{
    for (int32_t i = 0; i < PARTITIONS; i++) {
        course->at++;
        history_add(course->history, &(struct fact){ .kind = kind, .at = course->at, .worker = course->worker, .target = -1,
                                                     .partition = i, .epoch = course->epoch, .offset = course->ends[i] });
    }
}

static void
begin(struct course *course)
{
    course->worker++;
    course->epoch = 1;
    tell(course, (struct fact){ .kind = FACT_STARTED, .worker = course->worker, .target = -1 });
    each_partition(course, FACT_ASSIGNED);
}

static void
drain(struct course *course)
{
    int64_t at = course->at + 1;
    each_partition(course, FACT_REVOKED);
    for (size_t i = course->history->n - PARTITIONS; i < course->history->n; i++)
        course->history->facts[i].at = at;
    history_add(course->history, &(struct fact){ .kind = FACT_STOPPED, .at = at, .worker = course->worker, .target = -1,
                                                 .word = word_of(course, "drained"), .flags = 1 });
}

static void
gauge(struct course *course)
{
    int64_t opened = 1 + draw(&course->draws, 100);
    tell(course, (struct fact){ .kind = FACT_GAUGED, .worker = course->worker, .target = SOAR, .word = word_of(course, "opened"),
                                .number = opened, .limit = opened });
    tell(course, (struct fact){ .kind = FACT_GAUGED, .worker = course->worker, .target = -1, .word = word_of(course, "records"),
                                .number = opened, .limit = 100 });
}

static void
trace(struct course *course, uint64_t seed)
{
    uint64_t hash = draw(&course->draws, 1u << 30);
    for (int i = 0; i < 3; i++) {
        tell(course, (struct fact){ .kind = FACT_SEARCHED, .target = -1, .word = word_of(course, "a log"), .number = 1000 });
        tell(course, (struct fact){ .kind = FACT_TRACED, .target = -1, .number = (int64_t)seed, .hash = hash });
    }
}

void
course_draw(struct history *history, uint64_t seed)
{
    struct course course = { .history = history, .draws = seed };
    for (int32_t i = 0; i <= SOAR; i++)
        history_add(history, &(struct fact){ .kind = FACT_TARGET, .target = i, .word = word_of(&course, i ? "soar" : "notice"),
                                             .flags = TARGET_KEEPS_ORDER, .number = LEASE_MS, .offset = WAIT_MAX_MS });
    begin(&course);
    for (int round = 0; round < ROUNDS; round++) {
        struct fact event = produce(&course);
        for (int32_t target = 0; target <= SOAR; target++)
            if (event.targets & 1u << target)
                deliver(&course, &event, target);
        if (draw(&course.draws, 4) == 0)
            each_partition(&course, FACT_COMMITTED);
        if (draw(&course.draws, 20) == 0) {
            each_partition(&course, FACT_COMMITTED);
            drain(&course);
            begin(&course);
        }
        if (draw(&course.draws, 5) == 0)
            gauge(&course);
    }
    trace(&course, seed);
    tell(&course, (struct fact){ .kind = FACT_CALM, .target = -1, .number = HOUR_MS });
    each_partition(&course, FACT_COMMITTED);
    tell(&course, (struct fact){ .kind = FACT_RESTED, .target = -1 });
}
