/* explain_out.h: an outline of names and values, written as indented text for people or as one JSON object: one walk, two forms.
 *
 * In text, `_` in a name is shown as a space, and control characters of what came from outside as \xNN. */
#ifndef BRIDGE_CMD_EXPLAIN_OUT_H
#define BRIDGE_CMD_EXPLAIN_OUT_H

#include "codecs/buf.h"

enum outline_form { OUTLINE_TEXT, OUTLINE_JSON };
enum { OUTLINE_BYTES_MAX = 32 * 1024 * 1024, OUTLINE_DEPTH_MAX = 8 };

struct outline {
    enum outline_form form;
    uint32_t depth;
    bool lists[OUTLINE_DEPTH_MAX + 1];      /* is this level a list? */
    bool begun[OUTLINE_DEPTH_MAX + 1];      /* has this level something in it? */
    struct buf buf;
};

bool outline_init(struct outline *, enum outline_form);     /* false when memory is short; opens the outermost object */
void outline_release(struct outline *);
bool outline_print(struct outline *);                       /* closes the outermost object; false when stdout does not take it */

/* `name` is NULL in a list. */
void outline_object(struct outline *, const char *name);
void outline_list(struct outline *, const char *name);
void outline_close(struct outline *);
void outline_text(struct outline *, const char *name, struct slice value);
void outline_texts(struct outline *, const char *name, const char *value);
void outline_number(struct outline *, const char *name, int64_t value);
void outline_format(struct outline *, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
