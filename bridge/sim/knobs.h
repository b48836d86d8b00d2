/* knobs.h: the settings for everything that neither vendor documents. One row of knobs.def each: name, allowed values, default.
 *
 * A name or value that is not in the table is an error whose text names the choices. */
#ifndef BRIDGE_SIM_KNOBS_H
#define BRIDGE_SIM_KNOBS_H

#include "codecs/buf.h"

#include <stdint.h>

enum knob {
#define KNOB(id, name, type, words, low, high, initial, text) KNOB_##id,
#include "bridge/sim/knobs.def"
#undef KNOB
    KNOB_COUNT,
};

enum { KNOB_TEXT_BYTES = 96 };

/* What a knob stands at: one of its words (number = -1) or a number in the type's unit; `text` is what was set. */
struct knob_value {
    int64_t number;
    int64_t per_ms;                 /* rates: `number` calls in so many ms */
    char text[KNOB_TEXT_BYTES];
};

struct knobs {
    struct knob_value values[KNOB_COUNT];
};

void knobs_init(struct knobs *);
bool knobs_set(struct knobs *, struct slice name, struct slice value, char *error, size_t error_size);
bool knobs_set_pair(struct knobs *, const char *pair, char *error, size_t error_size);      /* "name=value" */

bool knob_is(const struct knobs *, enum knob, const char *word);
int64_t knob_number(const struct knobs *, enum knob);       /* -1 when it stands at a word */
const char *knob_text(const struct knobs *, enum knob);

/* "403 Code" knobs: status and Code. False when the knob stands at a word ("ok"). */
bool knob_answer(const struct knobs *, enum knob, int *status, const char **code);

void knobs_json(const struct knobs *, struct buf *);        /* {"name":"value",...} */
void knobs_help(struct buf *);                              /* one line each, for --help */

#endif
