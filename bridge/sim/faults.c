/* faults.c: the rules of faults.def: drawing, and what the control address shows. */
#include "bridge/sim/faults.h"

#include "bridge/sim/fault_rule.h"
#include "codecs/siphash.h"

#include <stdio.h>

static const struct {
    const char *name;
    enum fault_phase phase;
    enum fault_effect effect;
    const char *defaults, *text;
} kinds[FAULT_KIND_COUNT] = {
#define FAULT(id, phase, effect, defaults, text) { #id, PHASE_##phase, EFFECT_##effect, defaults, text },
#include "bridge/sim/faults.def"
#undef FAULT
};

/* SplitMix64 (Steele, Lea, Flood 2014): any seed will do, also small ones that follow each other. */
uint64_t
fault_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

const char *
fault_kind_name(enum fault_kind kind)
{
    return kinds[kind].name;
}

const char *
fault_kind_defaults(enum fault_kind kind)
{
    return kinds[kind].defaults;
}

enum fault_effect
fault_effect_of(const struct fault_rule *rule)
{
    return kinds[rule->kind].effect;
}

void
faults_init(struct faults *faults, uint64_t seed)
{
    *faults = (struct faults){ .seed = seed };
}

void
faults_clear(struct faults *faults)
{
    faults->n = 0;
}

/* Its window or its count is used up: it fires no more. */
static bool
is_over(const struct fault_rule *rule, int64_t now_ms)
{
    bool is_late = rule->for_ms >= 0 && now_ms >= rule->added_ms + rule->after_ms + rule->for_ms;
    return is_late || (rule->count >= 0 && rule->fired >= rule->count);
}

void
faults_make_room(struct faults *faults, uint32_t n, int64_t now_ms)
{
    uint32_t kept = 0;
    if (n <= FAULT_RULES_MAX - faults->n)
        return;
    for (uint32_t i = 0; i < faults->n; i++)
        if (!is_over(&faults->rules[i], now_ms))
            faults->rules[kept++] = faults->rules[i];
    faults->n = kept;
}

bool
faults_add(struct faults *faults, const struct fault_rule *parsed, int64_t now_ms)
{
    if (faults->n == FAULT_RULES_MAX)
        return false;
    struct fault_rule *rule = &faults->rules[faults->n];
    *rule = *parsed;
    rule->added_ms = now_ms;
    rule->last_ms = INT64_MIN / 2;
    rule->random = rule->seed >= 0 ? (uint64_t)rule->seed : faults->seed ^ ((uint64_t)faults->n + 1) << 32;
    faults->n++;
    return true;
}

static bool
is_open(const struct fault_rule *rule, enum sim_api api, int64_t now_ms)
{
    int64_t from = rule->added_ms + rule->after_ms;
    if (rule->api != API_COUNT && api != API_COUNT && rule->api != api)
        return false;
    if (now_ms < from || (rule->for_ms >= 0 && now_ms >= from + rule->for_ms))
        return false;
    return (rule->count < 0 || rule->fired < rule->count) && now_ms - rule->last_ms >= rule->gap_ms;
}

static bool
wins(struct fault_rule *rule)
{
    return rule->probability >= 1 || (double)(fault_random(&rule->random) >> 11) * 0x1p-53 < rule->probability;
}

static void
fire(struct faults *faults, struct fault_rule *rule, int64_t now_ms)
{
    rule->fired++;
    rule->last_ms = now_ms;
    faults->fired[rule->kind]++;
}

const struct fault_rule *
faults_next(struct faults *faults, enum fault_phase phase, enum sim_api api, int64_t now_ms, uint32_t *at)
{
    while (*at < faults->n) {
        struct fault_rule *rule = &faults->rules[(*at)++];
        if (kinds[rule->kind].phase == phase && is_open(rule, api, now_ms) && wins(rule)) {
            fire(faults, rule, now_ms);
            return rule;
        }
    }
    return NULL;
}

/* By substring, by every nth hash, or by chance where neither is given. */
static bool
hits(struct fault_rule *rule, struct slice id)
{
    static const struct sipkey key = { 0, 0 };
    if (rule->match[0])
        return id.size > 0 && memmem(id.at, id.size, rule->match, strlen(rule->match)) != NULL;
    if (rule->nth > 0)
        return siphash64(&key, id.at, id.size) % (uint64_t)rule->nth == 0;
    return wins(rule);
}

const struct fault_rule *
faults_content(struct faults *faults, enum fault_effect effect, enum sim_api api, struct slice id, int64_t now_ms)
{
    for (uint32_t i = 0; i < faults->n; i++) {
        struct fault_rule *rule = &faults->rules[i];
        if (kinds[rule->kind].effect == effect && is_open(rule, api, now_ms) && hits(rule, id)) {
            fire(faults, rule, now_ms);
            return rule;
        }
    }
    return NULL;
}

void
faults_json(const struct faults *faults, struct buf *out)
{
    buf_char(out, '[');
    for (uint32_t i = 0; i < faults->n; i++) {
        const struct fault_rule *rule = &faults->rules[i];
        buf_format(out, "%s{\"kind\":\"%s\",\"api\":\"%s\",\"probability\":%g,\"count\":%lld,\"fired\":%lld}", i ? "," : "",
                   kinds[rule->kind].name, rule->api == API_COUNT ? "any" : sim_api_name(rule->api), rule->probability,
                   (long long)rule->count, (long long)rule->fired);
    }
    buf_char(out, ']');
}

void
faults_help(struct buf *out)
{
    for (int i = 0; i < FAULT_KIND_COUNT; i++)
        buf_format(out, "  %s%s%s  %s\n", kinds[i].name, kinds[i].defaults[0] ? ":" : "", kinds[i].defaults, kinds[i].text);
}
