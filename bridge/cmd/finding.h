/* finding.h: what a check found: pass, warn or fail, the fact, and what to do about it. */
#ifndef BRIDGE_CMD_FINDING_H
#define BRIDGE_CMD_FINDING_H

#include "bridge/cmd/cmd.h"
#include "codecs/buf.h"

enum finding_status { FINDING_PASS, FINDING_WARN, FINDING_FAIL };

struct finding {
    enum finding_status status;
    enum exit_code code;        /* of a fail: 69, 77 or 78 */
    const char *check;          /* "kafka.topic"; static */
    char target[192];           /* which topic, server or target of the configuration; "" = all */
    char detail[448];
    char remedy[448];           /* "" = nothing to do */
};

struct findings {
    struct finding *at;
    uint32_t n, capacity;
};

/* Zeroed = empty. The finding is valid until the next one is added; its texts are cut where they do not fit, and hold no control
 * character. */
struct finding *finding_pass(struct findings *, const char *check, const char *target, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));
struct finding *finding_warn(struct findings *, const char *check, const char *target, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));
struct finding *finding_fail(struct findings *, enum exit_code, const char *check, const char *target, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));
void finding_remedy(struct finding *, const char *remedy, ...) __attribute__((format(printf, 2, 3)));
void findings_free(struct findings *);

/* 77 before 78 before 69: what a person has to put right, before what may pass by itself. 0 where nothing failed. */
enum exit_code findings_code(const struct findings *);

void findings_text(struct buf *, const struct findings *);
void findings_json(struct buf *, const struct findings *);      /* one object: {"status":..,"exit":..,"checks":[..]} */

/* "24h", "90s", "1500ms": the largest unit in which it is whole; "for ever" below 0. Returns `out`. */
const char *duration_text(int64_t ms, char out[24]);

#endif
