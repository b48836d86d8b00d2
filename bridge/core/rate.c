/* rate.c: the arithmetic of rate.h: a token is 3,600,000 parts, so a rate per hour is a whole number of parts a millisecond. */
#include "bridge/core/rate.h"

#include "codecs/check.h"

enum { TOKEN_PARTS = 3600000, HOUR_MS = 3600000, SECOND_MS = 1000 };

#define PER_HOUR_MAX (UINT64_C(1000000) * 3600)

void
rate_init(struct rate *rate, uint64_t per_hour, ms_t now_ms)
{
    check(per_hour <= PER_HOUR_MAX);
    uint64_t second = per_hour * SECOND_MS;
    uint64_t ceiling = second > TOKEN_PARTS ? second : TOKEN_PARTS;
    *rate = (struct rate){ .per_hour = per_hour, .level = ceiling, .ceiling = ceiling, .at_ms = now_ms };
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

bool
rate_take(struct rate *rate, ms_t now_ms)
{
    if (rate->per_hour == 0)
        return true;
    rate->level = level_at(rate, now_ms);
    if (now_ms > rate->at_ms)
        rate->at_ms = now_ms;
    if (rate->level < TOKEN_PARTS)
        return false;
    rate->level -= TOKEN_PARTS;
    return true;
}

void
rate_give_back(struct rate *rate)
{
    uint64_t level = rate->level + TOKEN_PARTS;
    rate->level = level < rate->ceiling ? level : rate->ceiling;
}

ms_t
rate_ready_at(const struct rate *rate, ms_t now_ms)
{
    if (rate->per_hour == 0)
        return now_ms;
    uint64_t level = level_at(rate, now_ms);
    if (level >= TOKEN_PARTS)
        return now_ms;
    uint64_t wait_ms = (TOKEN_PARTS - level + rate->per_hour - 1) / rate->per_hour;
    return (now_ms > rate->at_ms ? now_ms : rate->at_ms) + (ms_t)wait_ms;
}
