/* faults.h: faults that are played on purpose, drawn from a seed. The kinds are the rows of faults.def.
 *
 * A rule is a kind with a probability or a count, a filter by API, a time window and the kind's parameters. Each rule has its
 * own random sequence, so adding one does not move the others. How often each fired is counted. */
#ifndef BRIDGE_SIM_FAULTS_H
#define BRIDGE_SIM_FAULTS_H

#include "bridge/sim/api.h"
#include "codecs/buf.h"
#include "codecs/value.h"

#include <stdint.h>

/* When a kind is drawn. */
enum fault_phase {
    PHASE_ACCEPT,       /* a connection was accepted */
    PHASE_BEFORE,       /* a request is whole, nothing was carried out */
    PHASE_AFTER,        /* the call was carried out, its reply is not sent */
    PHASE_REPLY,        /* a reply is about to be sent */
    PHASE_CONTENT,      /* a message's content is looked at */
};

enum fault_effect {
    EFFECT_refuse, EFFECT_delay, EFFECT_reset, EFFECT_close, EFFECT_hang, EFFECT_status, EFFECT_status_html, EFFECT_status_xml,
    EFFECT_expire, EFFECT_truncate, EFFECT_break, EFFECT_not_json, EFFECT_huge, EFFECT_drip, EFFECT_length, EFFECT_end_silently,
    EFFECT_end_said, EFFECT_end_idle, EFFECT_poison, EFFECT_data_false,
};

enum fault_kind {
#define FAULT(id, phase, effect, defaults, text) FAULT_KIND_##id,
#include "bridge/sim/faults.def"
#undef FAULT
    FAULT_KIND_COUNT,
};

enum { FAULT_RULES_MAX = 64, FAULT_TEXT_BYTES = 64 };

struct fault_rule {
    enum fault_kind kind;
    enum sim_api api;           /* API_COUNT = any */
    double probability;
    int64_t count;              /* fires at most so often; -1 = no end */
    int64_t seed;               /* -1 = from the simulator's */
    int64_t after_ms, for_ms;   /* window, from when the rule was added; for_ms -1 = no end */
    int64_t gap_ms;             /* at least so long between two firings */
    int64_t ms, jitter_ms, bytes, status, retry_after_ms, nth;
    char code[FAULT_TEXT_BYTES], match[FAULT_TEXT_BYTES];
    uint64_t random;
    int64_t added_ms, last_ms;
    int64_t fired;
};

struct faults {
    uint64_t seed;
    uint32_t n;
    uint64_t fired[FAULT_KIND_COUNT];   /* also by rules that are gone */
    struct fault_rule rules[FAULT_RULES_MAX];
};

void faults_init(struct faults *, uint64_t seed);
void faults_clear(struct faults *);     /* takes the rules away, keeps the counts */

/* "kind" or "kind:name=value,name=value"; `error` names what is allowed. */
bool faults_add_text(struct faults *, const char *spec, int64_t now_ms, char *error, size_t error_size);

/* {"kind":"delay","probability":0.1,"ms":50} or an array of such: all are added or none. */
bool faults_add_json(struct faults *, const struct value *, int64_t now_ms, char *error, size_t error_size);

/* The next rule of the phase that fires, from *at on (start with 0); NULL = none. */
const struct fault_rule *faults_next(struct faults *, enum fault_phase, enum sim_api, int64_t now_ms, uint32_t *at);

/* Does the content fault of this effect hit the message `id`? Poison is settled by id alone, so it hits each time. */
const struct fault_rule *faults_content(struct faults *, enum fault_effect, enum sim_api, struct slice id, int64_t now_ms);

enum fault_effect fault_effect_of(const struct fault_rule *);
const char *fault_kind_name(enum fault_kind);
uint64_t fault_random(uint64_t *state);                 /* the next number of a rule's or simulator's sequence */

void faults_json(const struct faults *, struct buf *);  /* the rules and how often each fired */
void faults_help(struct buf *);

#endif
