/* concurrency.c: additive increase, multiplicative decrease, and the trial of slowness behind concurrency.h. */
#include "bridge/core/concurrency.h"

#include "codecs/check.h"

enum {
    CALL = 1000,                /* of limit's parts */
    FINE = 16,                  /* parts of a millisecond of `usual` */
    ROUND_SAMPLES_MIN = 8,      /* fewer say nothing about a shortest round trip */
    SLOW_ROUNDS = 2,
    SLACK_MS = 25,              /* our own turns and the clock's grain: below it nothing can be measured */
};

void
concurrency_init(struct concurrency *self, uint32_t ceiling)
{
    check(ceiling >= 1);
    *self = (struct concurrency){ .ceiling = ceiling, .limit = (uint64_t)ceiling * CALL, .lowered_ms = -1 };
}

uint32_t
concurrency_limit(const struct concurrency *self)
{
    return (uint32_t)(self->limit / CALL);
}

static void
set_limit(struct concurrency *self, uint64_t limit)
{
    uint64_t most = (uint64_t)self->ceiling * CALL;
    self->limit = limit < CALL ? CALL : limit > most ? most : limit;
}

static void
begin_round(struct concurrency *self)
{
    self->samples = 0;
    self->shortest_ms = MS_NEVER;
    self->most = 0;
}

static void
lower(struct concurrency *self, uint64_t limit, ms_t now_ms)
{
    set_limit(self, limit);
    self->lowered_ms = now_ms;
    self->slow_rounds = 0;
    begin_round(self);
}

/* Down at once, for a round trip cannot be shorter than the way is long; up slowly. */
static void
learn(struct concurrency *self, ms_t shortest_ms)
{
    int64_t now = shortest_ms * FINE, gap = now - self->usual;
    if (self->usual == 0)
        self->usual = now > 0 ? now : 1;
    else
        self->usual += gap < 0 ? gap / 2 : gap / 16;
}

static void
end_trial(struct concurrency *self, ms_t shortest_ms)
{
    bool helped = shortest_ms * 8 <= self->slow_ms * 7;
    if (!helped) {
        set_limit(self, self->on_trial);
        self->usual = shortest_ms * FINE;
    }
    self->on_trial = 0;
}

static void
end_round(struct concurrency *self, ms_t now_ms)
{
    ms_t shortest_ms = self->shortest_ms;
    begin_round(self);
    if (self->on_trial) {
        end_trial(self, shortest_ms);
        return;
    }
    bool slow = self->usual > 0 && shortest_ms * FINE > 2 * self->usual + SLACK_MS * FINE;
    self->slow_rounds = slow ? self->slow_rounds + 1 : 0;
    if (!slow || concurrency_limit(self) == 1)     /* what is not judged yet is not the usual */
        learn(self, shortest_ms);
    if (self->slow_rounds < SLOW_ROUNDS || concurrency_limit(self) == 1)
        return;
    self->on_trial = self->limit;
    self->slow_ms = shortest_ms;
    lower(self, self->limit / 2, now_ms);
}

static void
measure(struct concurrency *self, ms_t took_ms, ms_t now_ms)
{
    uint32_t enough = concurrency_limit(self) > ROUND_SAMPLES_MIN ? concurrency_limit(self) : ROUND_SAMPLES_MIN;
    if (self->samples == 0 || took_ms < self->shortest_ms)
        self->shortest_ms = took_ms;
    if (++self->samples >= enough)
        end_round(self, now_ms);
}

void
concurrency_acknowledged(struct concurrency *self, ms_t begun_ms, ms_t now_ms, uint32_t under_way)
{
    if (begun_ms <= self->lowered_ms)
        return;                 /* still of the time before */
    self->most = under_way > self->most ? under_way : self->most;
    bool needed = 2 * self->most >= concurrency_limit(self);
    if (needed && !self->on_trial)      /* a limit that is not reached was not tried either */
        set_limit(self, self->limit + (uint64_t)CALL * CALL / self->limit);
    measure(self, now_ms - begun_ms, now_ms);
}

void
concurrency_overloaded(struct concurrency *self, ms_t begun_ms, ms_t now_ms)
{
    if (begun_ms <= self->lowered_ms)
        return;
    self->on_trial = 0;
    lower(self, self->limit * 3 / 4, now_ms);
}
