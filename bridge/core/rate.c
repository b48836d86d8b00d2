/* rate.c: the arithmetic of rate.h: a token is 3,600,000 parts, so a rate per hour is a whole number of parts a millisecond. */
#include "bridge/core/rate.h"

#include "codecs/check.h"

enum {
    TOKEN_PARTS = 3600000, HOUR_MS = 3600000, SECOND_MS = 1000,
    SEEN_MS = 5000,                 /* calls are counted over one to two of these */
    STEPS = 60,                     /* from nothing to the whole, one a second */
    WHOLE_MIN_PER_HOUR = 36000,     /* without a configured limit: a lowered rate is never over below 10 a second */
    LOWEST_PART = 32,               /* of the whole, however often it is lowered */
};

#define PER_HOUR_MAX (UINT64_C(1000000) * 3600)

static void
set_speed(struct rate *rate, uint64_t per_hour)
{
    uint64_t second = per_hour * SECOND_MS;
    rate->per_hour = per_hour;
    rate->ceiling = second > TOKEN_PARTS ? second : TOKEN_PARTS;
    rate->level = rate->level < rate->ceiling ? rate->level : rate->ceiling;
}

void
rate_init(struct rate *rate, uint64_t per_hour, ms_t now_ms)
{
    check(per_hour <= PER_HOUR_MAX);
    *rate = (struct rate){ .configured = per_hour, .at_ms = now_ms, .lowered_ms = -1, .seen_from_ms = now_ms };
    set_speed(rate, per_hour);
    rate->level = rate->ceiling;
}

static uint64_t
level_at(const struct rate *rate, ms_t now_ms)
{
    if (now_ms <= rate->at_ms)
        return rate->level;
    if (now_ms - rate->at_ms >= HOUR_MS)    /* an hour fills any bucket; and the product below stays small */
        return rate->ceiling;
    uint64_t level = rate->level + (uint64_t)(now_ms - rate->at_ms) * rate->per_hour;
    return level < rate->ceiling ? level : rate->ceiling;
}

static void
fill(struct rate *rate, ms_t now_ms)
{
    rate->level = level_at(rate, now_ms);
    if (now_ms > rate->at_ms)
        rate->at_ms = now_ms;
}

static void
raise(struct rate *rate)
{
    uint64_t step = rate->whole / STEPS, per_hour = rate->per_hour + (step ? step : 1);
    rate->step_ms += SECOND_MS;
    if (per_hour < rate->whole) {
        set_speed(rate, per_hour);
        return;
    }
    rate->whole = 0;
    set_speed(rate, rate->configured);
}

/* Time passes: the bucket fills at the speed of each second. */
static void
advance(struct rate *rate, ms_t now_ms)
{
    while (rate->whole > 0 && rate->step_ms <= now_ms) {
        fill(rate, rate->step_ms);
        raise(rate);
    }
    fill(rate, now_ms);
}

static void
see(struct rate *rate, ms_t now_ms)
{
    ms_t span = now_ms - rate->seen_from_ms;
    if (span >= SEEN_MS) {
        bool recent = span < 2 * SEEN_MS;
        rate->seen_before = recent ? rate->seen : 0;
        rate->seen_before_ms = rate->seen_from_ms;
        rate->seen = 0;
        rate->seen_from_ms = now_ms;
    }
    rate->seen++;
}

static uint64_t
seen_per_hour(const struct rate *rate, ms_t now_ms)
{
    ms_t span = now_ms - (rate->seen_before > 0 ? rate->seen_before_ms : rate->seen_from_ms);
    uint64_t per_hour = (rate->seen_before + rate->seen) * HOUR_MS / (uint64_t)(span > SECOND_MS ? span : SECOND_MS);
    return per_hour < 1 ? 1 : per_hour > PER_HOUR_MAX ? PER_HOUR_MAX : per_hour;
}

bool
rate_take(struct rate *rate, ms_t now_ms)
{
    if (rate->per_hour != 0) {
        advance(rate, now_ms);
        if (rate->per_hour != 0 && rate->level < TOKEN_PARTS)
            return false;
    }
    if (rate->per_hour != 0)
        rate->level -= TOKEN_PARTS;
    see(rate, now_ms);
    return true;
}

void
rate_give_back(struct rate *rate)
{
    uint64_t level = rate->level + TOKEN_PARTS;
    rate->level = level < rate->ceiling ? level : rate->ceiling;
    if (rate->seen > 0)
        rate->seen--;
}

ms_t
rate_ready_at(const struct rate *rate, ms_t now_ms)
{
    if (rate->per_hour == 0)
        return now_ms;
    struct rate then = *rate;
    advance(&then, now_ms);
    while (then.per_hour != 0 && then.level < TOKEN_PARTS) {
        ms_t at_ms = then.at_ms + (ms_t)((TOKEN_PARTS - then.level + then.per_hour - 1) / then.per_hour);
        if (then.whole == 0 || at_ms <= then.step_ms)
            return at_ms;
        advance(&then, then.step_ms);
    }
    return then.at_ms > now_ms ? then.at_ms : now_ms;
}

/* What was configured may be far from what is used: it is lowered from whichever is less. */
void
rate_lower(struct rate *rate, ms_t begun_ms, ms_t now_ms)
{
    if (begun_ms <= rate->lowered_ms)
        return;
    advance(rate, now_ms);
    uint64_t seen = seen_per_hour(rate, now_ms), used = rate->per_hour && rate->per_hour < seen ? rate->per_hour : seen;
    if (rate->whole == 0)
        rate->whole = rate->configured ? rate->configured : 2 * seen > WHOLE_MIN_PER_HOUR ? 2 * seen : WHOLE_MIN_PER_HOUR;
    uint64_t lowest = rate->whole / LOWEST_PART + 1, lowered = used * 7 / 10;
    uint64_t per_hour = lowered > lowest ? lowered : lowest;
    set_speed(rate, per_hour < rate->whole ? per_hour : rate->whole);
    rate->level = rate->level < TOKEN_PARTS ? rate->level : TOKEN_PARTS;
    rate->lowered_ms = now_ms;
    rate->step_ms = now_ms + SECOND_MS;
}
