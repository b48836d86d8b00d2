/* reply.h: the body of a reply as JSON, for both judges. */
#ifndef CODECS_REPLY_H
#define CODECS_REPLY_H

#include "codecs/json.h"

/* Enough for any reply of REPLY_BYTES_MAX; held by a test. On the stack, of which only what a reply needs is touched: a judge
 * owns nothing. */
enum { REPLY_ARENA_BYTES = 1792 * 1024 };

/* Calls `read` with the body's object, or with NULL when the body is no whole JSON object. The tree is gone afterwards. */
void reply_read(struct slice body, void (*read)(const struct value *object, void *into), void *into);

/* The first of two names that the object has, with a value other than null; else NULL. */
const struct value *reply_member(const struct value *object, const char *name, const char *other_name);

/* A whole number, also as text ("31400", as some gateways write it). */
bool reply_integer(const struct value *, int64_t *number);

/* A text that is there and not empty. */
bool reply_text(const struct value *, struct slice *text);

#endif
